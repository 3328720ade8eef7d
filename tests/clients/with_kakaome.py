import contextlib
import io
import json
import os
import threading
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from browser import agree
from kakao_self.cli import run


class Browser(webbrowser.BaseBrowser):
    def open(self, url, new=0, autoraise=True):
        threading.Thread(target=lambda: requests.get(agree(url), timeout=30)).start()
        return True


webbrowser.register("browser", None, Browser(), preferred=True)
key, secret = os.environ["KAKAO_REST_API_KEY"], os.environ["KAKAO_CLIENT_SECRET"]
redirect_uri = os.environ["REDIRECT_URI"]
with TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
    config = Path(folder, "config.json")
    os.environ["KAKAOME_CONFIG"] = str(config)
    app = [f"--rest-api-key={key}", f"--client-secret={secret}"]
    run(["configure", *app, f"--redirect-uri={redirect_uri}"])
    run(["auth"])
    sent = run(["send", "hello"]) == 0
    before = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**before, "expires_at": 0}), encoding="utf-8")
    run(["send", "hello again"])
    after = json.loads(config.read_text(encoding="utf-8"))
print(json.dumps({"message": sent, "refresh": before["access_token"] != after["access_token"]}))
