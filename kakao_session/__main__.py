"""``python -m kakao_session`` is the ``kakao-session`` command."""

from kakao_session.cli import main

if __name__ == "__main__":
    main()
