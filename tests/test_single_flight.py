"""Of many threads one works, and the others share what comes of it."""

import threading

from kakao_session import single_flight
from kakao_session.single_flight import SingleFlight


def test_last_step__is_waited_for_by_those_who_need_more_than_is_known(monkeypatch):
    def work():
        flights.announce(1)
        announced.set()
        outcomes.append(flights.share(lambda: 0, bool))  # the leader itself does not wait
        free.wait()
        return 2

    monkeypatch.setattr(single_flight, "LONGEST_LAST_STEP", 0.01)
    flights, outcomes = SingleFlight(), []
    announced, free = threading.Event(), threading.Event()
    leader = threading.Thread(target=lambda: flights.share(work, bool))
    leader.start()
    announced.wait()
    assert flights.share(lambda: 0, lambda outcome: outcome == 1) == 1
    threading.Timer(0.1, free.set).start()
    assert flights.share(lambda: 0, lambda outcome: outcome == 2) == 2
    leader.join()
    assert outcomes == [None]
