"""The Korean of everything that the command says, by its English.

Codes such as KOE322 and their hints come from :mod:`kakao_session.errors`.
"""

from __future__ import annotations

KOREAN: dict[str, str] = {
    # All commands
    "Usage:": "사용법:",
    "Options": "옵션",
    "Commands": "명령",
    "Show this message and exit.": "이 도움말을 출력합니다.",
    "Help: {command}": "도움말: {command}",
    "There is no option {name}.": "{name} 옵션은 없습니다.",
    "There is no command of this name.": "그런 명령은 없습니다.",
    "Did you mean {names}?": "비슷한 이름: {names}",
    "{name} needs a value.": "{name}에 값을 지정하세요.",
    "{name} takes no value.": "{name}에는 값을 지정할 수 없습니다.",
    "{name} is missing.": "필요한 인수가 없습니다: {name}",
    "Too many arguments.": "인수가 너무 많습니다.",
    "It must be one of {choices}.": "다음 중 하나여야 합니다: {choices}",
    "It must be a number from {least} to {most}.": "{least}부터 {most}까지의 숫자여야 합니다.",
    "It must be a number, {least} or more.": "{least} 이상의 숫자여야 합니다.",
    "This file does not exist.": "파일이 없습니다.",
    "{path} is a folder.": "파일이 아니라 폴더입니다: {path}",
    "Error: {message}": "오류: {message}",
    "Warning: {message}": "경고: {message}",
    "The new access token could not be saved, so the next command refreshes the token again. "
    "{why}": "새 액세스 토큰을 저장하지 못해 다음에 실행할 때 다시 갱신합니다. {why}",
    "Interrupted.": "중단했습니다.",
    "No answer. Nothing was changed.": "입력이 없어 아무것도 변경하지 않았습니다.",
    "Nothing was changed.": "아무것도 변경하지 않았습니다.",
    "Could not continue: {reason}.": "계속할 수 없습니다: {reason}",
    "Waiting for Kakao's answer, so that no token is lost. Press Ctrl-C again to stop now.": (
        "토큰을 잃지 않도록 카카오의 응답을 기다리는 중입니다. 바로 종료하려면 Ctrl-C를 한 번 더 "
        "누르세요."
    ),
    '{name} is not installed. Run:\n    pip install "kakao-session[{extra}]"': (
        "{name} 패키지가 설치되어 있지 않습니다. 다음 명령을 실행하세요.\n"
        '    pip install "kakao-session[{extra}]"'
    ),
    "No one is logged in: {path} does not exist. Run: {command}": (
        "로그인되어 있지 않습니다({path} 파일이 없음). 다음을 실행하세요: {command}"
    ),
    "No REST API key (console: App > Platform key). Pass --client-id or set KAKAO_REST_API_KEY.": (
        "REST API 키가 없습니다(콘솔: 앱 > 플랫폼 키). --client-id로 지정하거나 "
        "KAKAO_REST_API_KEY를 설정하세요."
    ),
    "The REST API key has characters that no key has. Check --client-id, KAKAO_REST_API_KEY and "
    "app_key in the token file.": (
        "REST API 키에 사용할 수 없는 문자가 있습니다. --client-id, KAKAO_REST_API_KEY, 토큰 "
        "파일의 app_key를 확인하세요."
    ),
    "The client secret has characters that no secret has. Check KAKAO_CLIENT_SECRET and "
    "client_secret in the token file.": (
        "클라이언트 시크릿에 사용할 수 없는 문자가 있습니다. KAKAO_CLIENT_SECRET과 토큰 파일의 "
        "client_secret을 확인하세요."
    ),
    "The key is empty.": "키가 비어 있습니다.",
    "The path is empty.": "경로가 비어 있습니다.",
    "--token-file and KAKAO_SESSION_TOKEN_FILE take the path of a file, not a URL.": (
        "--token-file과 KAKAO_SESSION_TOKEN_FILE에는 URL이 아니라 파일 경로를 지정하세요."
    ),
    "{path} is not encrypted, but KAKAO_SESSION_TOKEN_KEY is set. To encrypt it, run: {command}": (
        "KAKAO_SESSION_TOKEN_KEY가 설정되어 있지만 {path} 파일은 암호화되어 있지 않습니다. "
        "암호화하려면 다음을 실행하세요: {command}"
    ),
    "{path} is encrypted. Set KAKAO_SESSION_TOKEN_KEY to the key that it was encrypted with.": (
        "{path} 파일은 암호화되어 있습니다. 암호화할 때 쓴 키를 KAKAO_SESSION_TOKEN_KEY에 "
        "설정하세요."
    ),
    "KAKAO_SESSION_TOKEN_KEY is not a Fernet key. This command makes one:\n"
    '    python -c "from cryptography.fernet import Fernet; '
    'print(Fernet.generate_key().decode())"\n'
    "If the token file does not have to be encrypted, unset the variable.": (
        "KAKAO_SESSION_TOKEN_KEY가 유효한 Fernet 키가 아닙니다. 키는 다음 명령으로 만드세요.\n"
        '    python -c "from cryptography.fernet import Fernet; '
        'print(Fernet.generate_key().decode())"\n'
        "토큰 파일을 암호화하지 않으려면 변수를 해제하세요."
    ),
    "Client secret (hidden)": "클라이언트 시크릿 (화면에 표시되지 않음)",
    "Could not find the home folder or the current folder. Pass the full path of the token file, "
    "with --token-file or KAKAO_SESSION_TOKEN_FILE.": (
        "홈 폴더나 현재 폴더를 찾을 수 없습니다. --token-file 또는 KAKAO_SESSION_TOKEN_FILE에 토큰 "
        "파일의 전체 경로를 지정하세요."
    ),
    # When tokens expire
    "{count} years": "{count}년",
    "{count} months": "{count}개월",
    "{count} weeks": "{count}주",
    "{count} days": "{count}일",
    "{count} hours": "{count}시간",
    "{count} minutes": "{count}분",
    "{count} seconds": "{count}초",
    "{count} min": "{count}분",
    "{count} s": "{count}초",
    "in {span}": "{span} 후",
    "{span} ago": "{span} 전",
    "now": "지금",
    "in more than 100 years": "100년 이상 후",
    "more than 100 years ago": "100년 이상 전",
    "expires {when}": "{when} 만료",
    "expired {when}": "{when} 만료됨",
    "expiry unknown": "만료 시각을 알 수 없음",
    "none": "없음",
    "unknown": "알 수 없음",
    # Labels
    "login": "로그인",
    "app key": "앱 키",
    "user": "사용자",
    "scopes": "동의항목",
    "access token": "액세스 토큰",
    "refresh token": "리프레시 토큰",
    "next refresh": "다음 갱신",
    "token file": "토큰 파일",
    "Kakao says": "카카오 응답",
    # login
    "This redirect URI must be registered in the Kakao console, exactly as it is here:\n"
    "    {uri}\n"
    "    (App > Platform key > REST API key > Redirect URI)\n": (
        "카카오디벨로퍼스 콘솔에 아래 리다이렉트 URI를 글자 하나까지 똑같이 등록해야 합니다.\n"
        "    {uri}\n"
        "    (앱 > 플랫폼 키 > REST API 키 > 리다이렉트 URI)\n"
    ),
    "A redirect URI is http:// or https:// and a host, with a port and a path if you like, and "
    "nothing else.": (
        "리다이렉트 URI는 http:// 또는 https://로 시작하고 호스트가 있어야 합니다. 그 뒤에는 "
        "포트와 경로만 쓸 수 있습니다."
    ),
    "Use either --port or --redirect-uri, not both.": (
        "--port와 --redirect-uri 중 하나만 지정하세요."
    ),
    "REST API key (console: App > Platform key)": "REST API 키 (콘솔: 앱 > 플랫폼 키)",
    "Client secret (hidden; press Enter if the key has none)": (
        "클라이언트 시크릿 (화면에 표시되지 않음, 없으면 Enter)"
    ),
    "Client secret (hidden; press Enter to use the saved one)": (
        "클라이언트 시크릿 (화면에 표시되지 않음, 저장된 값을 쓰려면 Enter)"
    ),
    "Save the client secret in the token file? Only you can read it.": (
        "클라이언트 시크릿을 토큰 파일에 저장할까요? 본인만 읽을 수 있는 파일입니다."
    ),
    "Port {port} is in use by another program. Stop that program, or choose another port with "
    "--port and register its redirect URI.": (
        "{port}번 포트는 다른 프로그램이 사용 중입니다. 그 프로그램을 종료하거나, --port로 다른 "
        "포트를 지정하고 그 포트의 리다이렉트 URI를 등록하세요."
    ),
    "Could not listen on port {port} ({reason}). Choose another port with --port and register its "
    "redirect URI.": (
        "{port}번 포트를 열 수 없습니다({reason}). --port로 다른 포트를 지정하고 그 포트의 "
        "리다이렉트 URI를 등록하세요."
    ),
    "Open this address to log in:": "로그인하려면 아래 주소를 여세요.",
    "Opening it in your browser.": "브라우저를 엽니다.",
    "Could not open a browser. Open the address yourself.": (
        "브라우저를 열지 못했습니다. 주소를 직접 여세요."
    ),
    "If your browser is on another machine, it ends on a page that it cannot open. Copy the "
    "address of that page, paste it here (hidden) and press Enter.": (
        "다른 컴퓨터의 브라우저로 로그인하면 마지막 페이지가 열리지 않습니다. 그때 주소창의 주소를 "
        "복사해 여기에 붙여넣고(화면에 표시되지 않음) Enter를 누르세요."
    ),
    "When your browser reaches {uri}, copy the whole address, paste it here (hidden) and press "
    "Enter. The code alone works too.": (
        "브라우저에 {uri} 주소가 나타나면 주소창의 주소 전체를 복사해 여기에 붙여넣고(화면에 "
        "표시되지 않음) Enter를 누르세요. 인가 코드만 붙여넣어도 됩니다."
    ),
    "Waiting for the browser until {time}. Press Ctrl-C to cancel.": (
        "{time}까지 브라우저 로그인을 기다립니다. 취소하려면 Ctrl-C를 누르세요."
    ),
    "Waiting for the address until {time}. Press Ctrl-C to cancel.": (
        "{time}까지 주소 입력을 기다립니다. 취소하려면 Ctrl-C를 누르세요."
    ),
    "This is not the address of the last page. Copy all of it and paste it again.": (
        "마지막 페이지의 주소가 아닙니다. 주소 전체를 복사해 다시 붙여넣으세요."
    ),
    "This address is incomplete or from another login. Open the address above and paste the one "
    "that your browser ends on.": (
        "주소의 일부가 빠졌거나 다른 로그인의 주소입니다. 위의 주소를 다시 열어 로그인하고, 마지막 "
        "페이지의 주소를 붙여넣으세요."
    ),
    "stdin is closed, so no address can be pasted, and login can't listen at {uri}. Run it in a "
    "terminal, or with a redirect URI that starts with http://localhost.": (
        "표준 입력이 닫혀 있어 주소를 붙여넣을 수 없고, {uri}에서 로그인을 기다릴 수도 없습니다. "
        "터미널에서 로그인하거나, http://localhost로 시작하는 리다이렉트 URI를 지정하세요."
    ),
    "Nothing came back within {span}. If Kakao's page shows an error, fix it:\n{fixes}\n"
    "Then run login again. With --timeout it waits longer.": (
        "{span} 동안 응답이 없었습니다. 카카오 페이지에 오류가 표시되었다면 다음과 같이 "
        "해결하세요.\n"
        "{fixes}\n"
        "해결한 뒤 다시 로그인하세요. 더 오래 기다리게 하려면 --timeout을 지정하세요."
    ),
    "Cancelled. Nothing was saved.": "취소했습니다. 아무것도 저장하지 않았습니다.",
    "You cancelled the login in the browser. Nothing was saved.": (
        "브라우저에서 로그인을 취소했습니다. 아무것도 저장하지 않았습니다."
    ),
    "Logged in.": "로그인했습니다.",
    "Logged in as user {user}.": "로그인했습니다. 회원번호: {user}",
    "Could not find out the user's ID. {why}": "회원번호를 확인하지 못했습니다. {why}",
    "\nUse it in your program:\n    KakaoSession({argument})": (
        "\n프로그램에서는 이렇게 사용하세요.\n    KakaoSession({argument})"
    ),
    "The client secret was not saved. Set KAKAO_CLIENT_SECRET for your program, or log in with "
    "--store-secret to save it in the token file.": (
        "클라이언트 시크릿은 저장하지 않았습니다. 프로그램을 실행할 때 환경 변수 "
        "KAKAO_CLIENT_SECRET을 설정하세요. 토큰 파일에 저장하려면 --store-secret을 지정해 다시 "
        "로그인하세요."
    ),
    # status
    "fine": "정상",
    "ends soon": "곧 만료",
    "needed": "필요함",
    "cannot be refreshed": "갱신할 수 없음",
    "The client secret is missing.": "클라이언트 시크릿이 없습니다.",
    "none: set KAKAO_REST_API_KEY to refresh the token": (
        "없음: 토큰을 갱신하려면 KAKAO_REST_API_KEY를 설정하세요"
    ),
    "unknown (see --check)": "알 수 없음 (--check로 확인)",
    "{expiry}; the next call refreshes it": "{expiry}, 다음 호출 때 갱신",
    "not possible": "불가능",
    "new access token only; also a new refresh token from {start}": (
        "액세스 토큰만 발급, 리프레시 토큰은 {start}부터 함께 발급"
    ),
    "new access token and new refresh token": "액세스 토큰과 리프레시 토큰 모두 발급",
    "new access token; perhaps a new refresh token, its expiry is unknown": (
        "액세스 토큰 발급, 리프레시 토큰도 발급될 수 있음(만료 시각을 알 수 없음)"
    ),
    "{path} (does not exist)": "{path} (파일 없음)",
    "{path} ({mode}: others can read it, run chmod 600)": (
        "{path} ({mode}: 다른 사용자가 읽을 수 있습니다. chmod 600을 실행하세요)"
    ),
    "the access token is valid": "액세스 토큰이 유효합니다",
    "Run this before it ends: {command}": "만료되기 전에 다음을 실행하세요: {command}",
    "It has no refresh token and cannot be refreshed. Run: {command}": (
        "리프레시 토큰이 없어 갱신할 수 없습니다. 다음을 실행하세요: {command}"
    ),
    # refresh
    "New access token: {expiry}.": "액세스 토큰이 새로 발급되었습니다: {expiry}",
    "New refresh token: {expiry}.": "리프레시 토큰이 새로 발급되었습니다: {expiry}",
    "Same refresh token: {expiry}.": "리프레시 토큰은 그대로입니다: {expiry}",
    "Not needed yet: access token {expiry}.": "아직 갱신할 필요가 없습니다: 액세스 토큰 {expiry}",
    # logout and unlink
    "Disconnected user {user} from the app. {path} has another login by now, which stays.": (
        "사용자(회원번호 {user})와 앱의 연결을 끊었습니다. {path} 파일에는 그사이 다른 로그인이 "
        "저장되어 그대로 두었습니다."
    ),
    "Logged out. {path} has another login by now, which stays.": (
        "로그아웃했습니다. {path} 파일에는 그사이 다른 로그인이 저장되어 그대로 두었습니다."
    ),
    "{path} has a login of another app. To replace it anyway, use --force.": (
        "{path} 파일에 다른 앱의 로그인이 있습니다. 그래도 덮어쓰려면 --force를 지정하세요."
    ),
    "Logged out. Deleted {path}.": "로그아웃하고 토큰 파일을 삭제했습니다: {path}",
    "The login had already ended. Deleted {path}.": (
        "로그인이 이미 풀려 있어 토큰 파일만 삭제했습니다: {path}"
    ),
    "Deleted {path}, but could not log out at Kakao: the tokens stay valid there until they "
    "expire. To end them now, log in again and run `kakao-session unlink`, or disconnect the app "
    "in the settings of your Kakao account. The reason: {why}": (
        "토큰 파일({path})은 삭제했지만 카카오에서 로그아웃하지 못했습니다. 토큰은 만료될 때까지 "
        "계속 유효합니다. 지금 폐기하려면 다시 로그인해서 `kakao-session unlink`를 실행하거나, "
        "카카오계정 설정에서 앱의 연결을 끊으세요. 원인: {why}"
    ),
    "This disconnects the user from the app: all tokens of the user end, on every machine, and the "
    "user has to agree again. Continue?": (
        "사용자와 앱의 연결을 끊습니다. 모든 기기에서 토큰이 폐기되고, 사용자는 다시 동의해야 "
        "합니다. 계속할까요?"
    ),
    "unlink needs confirmation. Run it with --yes when there is no terminal.": (
        "연결을 끊으려면 확인이 필요합니다. 터미널이 없으면 --yes를 지정하세요."
    ),
    "Disconnected user {user} from the app. Deleted {path}.": (
        "사용자(회원번호 {user})와 앱의 연결을 끊고 토큰 파일을 삭제했습니다: {path}"
    ),
    # import
    "Saved the login in {path}.": "로그인 정보를 저장했습니다: {path}",
    "Could not read {file}: {reason}.": "{file} 파일을 읽을 수 없습니다: {reason}",
    "{file} has no token: {reason}.": "{file} 파일에 토큰이 없습니다: {reason}",
    "{path} has a login that can be refreshed, and this file has no valid refresh token. To "
    "replace the login anyway, use --force.": (
        "{path}에는 갱신할 수 있는 로그인이 있지만, 가져올 파일에는 유효한 리프레시 토큰이 "
        "없습니다. 그래도 덮어쓰려면 --force를 지정하세요."
    ),
    "{path} has another login, which may be newer than this one. To replace it anyway, use "
    "--force.": (
        "{path}에 이미 다른 로그인이 있으며, 가져올 로그인보다 최신일 수 있습니다. 그래도 "
        "덮어쓰려면 --force를 지정하세요."
    ),
    "Its refresh token has expired. Run: {command}": (
        "리프레시 토큰이 만료되었습니다. 다음을 실행하세요: {command}"
    ),
    "{file} has no app_key. Set KAKAO_REST_API_KEY, or import it with --client-id.": (
        "{file} 파일에 app_key가 없습니다. KAKAO_REST_API_KEY를 설정하거나 --client-id를 지정해 "
        "다시 가져오세요."
    ),
    "{file} still has the tokens. Delete it: it stops working when Kakao replaces the refresh "
    "token.": (
        "{file} 파일에도 토큰이 남아 있습니다. 리프레시 토큰이 새로 발급되면 이 파일은 쓸 수 없게 "
        "되니 삭제하세요."
    ),
    "{file} is encrypted. Use it with --token-file and its key.": (
        "{file} 파일은 암호화되어 있습니다. --token-file과 암호화할 때 쓴 키로 사용하세요."
    ),
    # request
    "It must look like {shape}.": "{shape} 형식으로 지정하세요.",
    "It is not UTF-8 text.": "UTF-8 텍스트가 아닙니다.",
    "Start with / for the Kakao API, and with https:// for other URLs.": (
        "카카오 API는 /로, 그 밖의 URL은 https://로 시작해야 합니다."
    ),
    "{size} bytes of binary data. To save them, add: > FILE": (
        "바이너리 데이터 {size}바이트입니다. 저장하려면 명령 끝에 > FILE을 붙이세요."
    ),
    "The response has tokens, which are never printed. Run: kakao-session refresh": (
        "응답에 토큰이 들어 있어 출력하지 않습니다. 토큰을 갱신하려면 kakao-session refresh를 "
        "실행하세요."
    ),
    # send
    "There is no text to send.": "보낼 텍스트가 없습니다.",
    "There is no text to send. Add it, or send the output of a command:\n"
    '    kakao-session send "The backup is done."\n'
    "    make 2>&1 | tail -3 | kakao-session send": (
        "보낼 텍스트가 없습니다. 텍스트를 지정하거나 명령의 출력을 보내세요.\n"
        '    kakao-session send "백업이 끝났습니다."\n'
        "    make 2>&1 | tail -3 | kakao-session send"
    ),
    "The text has more than {longest} characters, so it was cut. To send all of it, use --split.": (
        "텍스트가 {longest}자를 넘어 뒷부분을 잘랐습니다. 모두 보내려면 --split을 지정하세요."
    ),
    "The text needs more than {count} messages. Shorten it.": (
        "메시지가 {count}개를 넘습니다. 텍스트를 줄이세요."
    ),
    "A link starts with https:// or http://.": "링크는 https:// 또는 http://로 시작해야 합니다.",
    "Sent.": "보냈습니다.",
    "Sent {count} messages.": "메시지 {count}개를 보냈습니다.",
    "The text is not UTF-8, so some characters are broken. Convert it first, for example with: "
    "iconv -f cp949 -t utf-8": (
        "텍스트가 UTF-8이 아니어서 일부 글자가 깨졌습니다. 먼저 변환하세요. 예: iconv -f cp949 -t "
        "utf-8"
    ),
    "Sent {sent} of {count} messages.": "메시지 {count}개 중 {sent}개를 보냈습니다.",
    # emulate
    "Could not use port {port}: {reason}.": "{port}번 포트를 사용할 수 없습니다: {reason}",
    "command not found": "명령을 찾을 수 없습니다",
    "cannot be run: {reason}": "실행할 수 없습니다: {reason}",
    "The local Kakao runs until you press Ctrl-C. Paste the lines above into another terminal.": (
        "에뮬레이터가 실행 중입니다. 위의 명령을 다른 터미널에 붙여넣으세요. 종료하려면 Ctrl-C를 "
        "누르세요."
    ),
    "Control page: {url}": "제어 페이지: {url}",
    "\nTo use the real Kakao again, open a new shell.": (
        "\n실제 카카오를 다시 사용하려면 새 셸을 여세요."
    ),
    "BEFORE": "실행 전",
    "ON THE WIRE": "요청",
    "AFTER": "실행 후",
    "written {when}": "{when} 저장",
    "rewritten": "다시 저장됨",
    "unchanged": "변경 없음",
    "not there": "없음",
    "It is not JSON": "JSON이 아닙니다",
    "It has no JSON object": "JSON 객체가 없습니다",
    "Could not read it": "읽을 수 없습니다",
    "file mode": "파일 권한",
    "yes": "있음",
    "no": "없음",
    "same": "그대로",
    "new": "새 토큰",
    "was used already": "이미 사용됨",
    "was revoked": "폐기됨",
    "was logged out": "로그아웃으로 만료됨",
    "was replaced by a refresh": "갱신으로 교체됨",
    "was replaced by a newer one": "새 토큰으로 교체됨",
    "ended when the user unlinked the app": "연결 끊기로 만료됨",
    "unknown to Kakao": "카카오에 없는 토큰",
    "no request reached the emulator; if your program made some, it does not use HTTPS_PROXY or "
    'does not trust SSL_CERT_FILE: see "The emulator and your language" in the documentation': (
        "에뮬레이터로 온 요청이 없습니다. 프로그램이 요청을 보냈다면 HTTPS_PROXY를 사용하지 않거나 "
        "SSL_CERT_FILE의 인증서를 신뢰하지 않는 것입니다. 문서의 "
        '"에뮬레이터와 프로그래밍 언어"(영어)를 참고하세요'
    ),
    "{logins} to the login, {calls} to the API; {failed} failed": (
        "로그인 서버 {logins}건, API {calls}건, 실패 {failed}건"
    ),
    "time": "시각",
    "request": "요청",
    "token": "토큰",
    "what Kakao did": "카카오의 처리",
    "and {count} more": "외 {count}건",
    # What the emulator decided
    "the user cancelled": "사용자가 로그인을 취소함",
    "sent back with {error}": "리다이렉트 URI로 오류를 보냄: {error}",
    "logged out of the Kakao account in the browser": "브라우저의 카카오계정에서 로그아웃함",
    "logged out of the Kakao account: every token of the user ends": (
        "카카오계정에서 로그아웃함: 사용자의 모든 토큰이 만료됨"
    ),
    "the user agreed: code for {site}": "사용자가 동의함. 인가 코드를 보낸 곳: {site}",
    "the user is asked for consent": "사용자에게 동의 화면을 표시함",
    "{name}: the emulator does not have it; fail_next(path=..., json=..., times=None) is a stub": (
        "{name}: 에뮬레이터가 지원하지 않는 요청. 응답을 직접 정하려면 fail_next(path=..., "
        "json=..., times=None) 사용"
    ),
    "app key good: {count} documents that are always the same": (
        "앱 키가 유효함. 항상 같은 예시 문서 {count}건으로 응답함"
    ),
    "{done}, but {what}": "{done}. 하지만 {what}",
    "made to fail: {how}": "실패 설정을 적용함: {how}",
    "the answer that was set": "지정한 응답을 보냄",
    "a browser asks what it may send (CORS): {what}": (
        "브라우저의 CORS 사전 요청(preflight): {what}"
    ),
    "this": "허용함",
    "nothing": "허용하지 않음",
    "consent withdrawn: {scopes}": "동의를 철회함: {scopes}",
    "every token of the user logged out": "로그아웃함: 사용자의 모든 토큰이 만료됨",
    "access token logged out": "액세스 토큰으로 로그아웃함",
    "unlinked: every token of the user is dead": "사용자와 앱의 연결을 끊음: 모든 토큰이 만료됨",
    "access token good for {time}": "액세스 토큰이 유효함({time} 남음)",
    "admin key good": "어드민 키가 유효함",
    "admin key good: for user {user}": "어드민 키가 유효함(대상 사용자: {user})",
    "id_token good for user {user}": "ID 토큰이 유효함(사용자: {user})",
    "the browser's own call: refused": "브라우저가 자체적으로 보낸 요청이어서 거절함",
    "not one of Kakao's hosts: refused": "카카오 호스트가 아니어서 거절함",
    "not through TLS: refused": "TLS를 사용하지 않아 거절함",
    "sent to {reached} of {asked} receivers": "받는 사람 {asked}명 중 {reached}명에게 보냄",
    "code accepted": "인가 코드를 확인하고 토큰을 발급함",
    "new access token for {lifetime}; refresh token stays ({left} left)": (
        "액세스 토큰(유효 시간 {lifetime})을 새로 발급함. 리프레시 토큰은 그대로 유지함({left} "
        "남음)"
    ),
    "new access token for {lifetime}; new refresh token, the old one died ({left} left)": (
        "액세스 토큰(유효 시간 {lifetime})과 리프레시 토큰을 새로 발급함. 기존 리프레시 "
        "토큰({left} 남음)은 폐기함"
    ),
    "client_id is not the app key": "client_id가 앱의 REST API 키와 다름",
    "there is no client_id": "요청에 client_id가 없음",
    "client_secret is wrong": "client_secret이 올바르지 않음",
    "no secret": "요청에 client_secret이 없음",
    "Kakao Login is off for the app": "앱의 카카오 로그인이 비활성화되어 있음",
    "no redirect_uri with a query or fragment can be registered": (
        "쿼리나 프래그먼트가 있는 redirect_uri는 등록할 수 없음"
    ),
    "redirect_uri is not an http or https address": (
        "redirect_uri가 없거나 올바른 http 또는 https 주소가 아님"
    ),
    "redirect_uri is not registered": "등록되지 않은 redirect_uri",
    "{scopes} not set up, see the switch {switch}": (
        "설정되지 않은 동의항목: {scopes}(에뮬레이터 스위치: {switch})"
    ),
    "user {user} is not a member of the test app": "테스트 앱의 멤버가 아닌 사용자: {user}",
    "no app key was sent": "요청에 앱 키가 없음",
    "not the app key": "앱 키가 올바르지 않음",
    "no {name}": "필수 파라미터 없음: {name}",
    "wrong {name}": "{name} 값이 숫자가 아님",
    "{name} is not from 1 to {most}": "{name} 값은 1부터 {most}까지여야 함",
    "{name} is not one of {choices}": "{name} 값이 올바르지 않음. 사용할 수 있는 값: {choices}",
    "{name} is missing": "필수 파라미터 없음: {name}",
    "{name} is not {expected}": "{name} 값이 올바르지 않음. 필요한 값: {expected}",
    "a whole number in range": "허용 범위 안의 정수",
    "one of {choices}": "{choices} 중 하나",
    "a text of 1 to {most} characters": "1~{most}자의 텍스트",
    "an object with start_at and end_at": "start_at과 end_at이 있는 객체",
    "a URL": "http:// 또는 https:// URL",
    "a JSON object": "JSON 객체",
    "a JSON array of strings": "문자열만 담은 JSON 배열",
    "a JSON array of numbers": "정수만 담은 JSON 배열",
    "from 1 to {most} numbers": "정수 1~{most}개",
    "from 1 to {most} uuids": "UUID 1~{most}개",
    "a list of the app's consent items": "앱의 동의항목 ID 목록",
    "a list of the app's service terms": "앱의 서비스 약관 태그 목록",
    "a file in a multipart form": "multipart 폼으로 보낸 파일",
    "no access token was sent": "요청에 액세스 토큰이 없음",
    "the user has not agreed to {scopes}": "사용자가 동의하지 않은 항목: {scopes}",
    "no admin key was sent": "요청에 어드민 키가 없음",
    "not the admin key": "어드민 키가 올바르지 않음",
    "target_id_type=user_id and target_id have to name a user": (
        "target_id_type=user_id와 target_id로 사용자를 지정해야 함"
    ),
    "[{scopes}] is required, so it is not revocable": (
        "필수 동의항목이라 철회할 수 없음: {scopes}"
    ),
    "the image has {size} bytes": "이미지가 너무 큼: {size}바이트",
    "no receiver is a friend of the user": "받는 사람 중에 사용자의 친구가 없음",
    "no such grant_type": "grant_type이 없거나 지원하지 않는 값임",
    "no id_token of this Kakao": "이 에뮬레이터가 발급한 ID 토큰이 아님",
    "the id_token has expired": "만료된 ID 토큰",
    "code_verifier does not belong to the code_challenge": (
        "code_verifier가 code_challenge와 일치하지 않음"
    ),
    "no such access token was ever issued": "발급된 적이 없는 액세스 토큰",
    "access token {ended}": "액세스 토큰이 {ended}",
    "access token expired {ago} ago": "{ago} 전에 만료된 액세스 토큰",
    "no such authorization code": "발급된 적이 없는 인가 코드",
    "authorization code {ended}": "인가 코드가 {ended}",
    "is too old": "만료됨",
    "{why}; the authorization request had {redirect_uri}": (
        "{why}. 인가 코드를 요청할 때 보낸 값: {redirect_uri}"
    ),
    "no redirect_uri was sent": "요청에 redirect_uri가 없음",
    "not the same": "redirect_uri가 다름",
    "the form has no refresh_token": "요청에 refresh_token이 없음",
    "no such refresh token was ever issued": "발급된 적이 없는 리프레시 토큰",
    "refresh token {ended}": "리프레시 토큰이 {ended}",
    "refresh token expired {ago} ago": "{ago} 전에 만료된 리프레시 토큰",
    "{most} access tokens in the last {time}": (
        "최근 {time} 동안 액세스 토큰을 {most}개 발급해 요청 한도에 도달함"
    ),
    "{most} refresh tokens in the last {time}": (
        "최근 {time} 동안 리프레시 토큰을 {most}개 발급해 요청 한도에 도달함"
    ),
    "object_type is not known": "지원하지 않는 object_type",
    "{names} missing": "template_object에 없는 필드: {names}",
    "text must have 1 to {most} characters": "text는 1자부터 {most}자까지여야 함",
    "link is not an object": "link가 JSON 객체가 아님",
    "template {template} is not registered": "등록되지 않은 템플릿: {template}",
    "no such property key": "존재하지 않는 사용자 프로퍼티 키",
    "user {user} is not linked to the app": "앱과 연결되지 않은 사용자: {user}",
    "1 day": "1일",
    "1 hour": "1시간",
    "1 minute": "1분",
    "1 second": "1초",
    # The network
    "Could not verify the server's certificate ({kind}). Check REQUESTS_CA_BUNDLE and the clock of "
    "this machine.": (
        "서버 인증서를 검증할 수 없습니다({kind}). REQUESTS_CA_BUNDLE과 컴퓨터의 시계를 확인하세요."
    ),
    "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that cannot be read ({kind}).": (
        "REQUESTS_CA_BUNDLE 또는 CURL_CA_BUNDLE에 지정한 파일을 읽을 수 없습니다({kind})."
    ),
    "Could not connect through the proxy ({kind}). Check HTTPS_PROXY and ALL_PROXY.": (
        "프록시로 연결할 수 없습니다({kind}). HTTPS_PROXY와 ALL_PROXY를 확인하세요."
    ),
    "The server did not answer in time ({kind}). Try again later.": (
        "서버의 응답 시간이 초과되었습니다({kind}). 나중에 다시 시도하세요."
    ),
    "Could not connect to the server ({kind}). Check your network.": (
        "서버에 연결할 수 없습니다({kind}). 네트워크를 확인하세요."
    ),
    "Could not read the server's answer ({kind}). Try again later.": (
        "서버의 응답을 읽을 수 없습니다({kind}). 나중에 다시 시도하세요."
    ),
    "Could not send the request ({kind}).": "요청을 보낼 수 없습니다({kind}).",
    # Kinds of errors
    "The user has not agreed to this yet.": "사용자가 아직 동의하지 않은 항목입니다.",
    "The Kakao API returned an error.": "카카오 API가 오류로 응답했습니다.",
    "You have to log in.": "로그인이 필요합니다.",
    "The app's settings are wrong.": "앱 설정이 올바르지 않습니다.",
    "Too many token requests.": "토큰 요청이 너무 많습니다.",
    "Kakao Login does not respond. You stay logged in.": (
        "카카오 로그인 서버가 응답하지 않습니다. 로그인은 유지됩니다."
    ),
    "Kakao refused the token request.": "카카오가 토큰 요청을 거절했습니다.",
    "Could not read or write the token file.": "토큰 파일을 읽거나 쓸 수 없습니다.",
    "The request to Kakao failed.": "카카오에 보낸 요청이 실패했습니다.",
    # The token file
    "Could not read {place}: {why}.": "{place} 파일을 읽지 못했습니다. {why}.",
    "Could not save {place}: {why}.": "{place} 파일에 저장하지 못했습니다. {why}.",
    "Could not lock {place}: {why}.": "{place} 파일을 잠그지 못했습니다. {why}.",
    "Could not delete {place}: {why}.": "{place} 파일을 삭제하지 못했습니다. {why}.",
    "No token in {place}.": "토큰이 없습니다({place}).",
    "No refresh token in {place}.": "리프레시 토큰이 없습니다({place}).",
    "Expired refresh token in {place}.": "리프레시 토큰이 만료되었습니다({place}).",
    "it holds no token ({why}). It was not changed. Restore it, or move it away and run "
    "`{command}`": (
        "파일에 토큰이 없습니다({why}). 파일은 그대로 두었습니다. 백업에서 복원하거나, 파일을 옮긴 "
        "뒤 `{command}` 명령을 실행하세요"
    ),
    "another program or thread has held {lock} for more than {seconds} seconds. Find the one that "
    "hangs (`fuser {lock}`), end it and try again": (
        "다른 프로그램이나 스레드가 {lock} 파일을 {seconds}초 넘게 잠그고 있습니다. 멈춘 "
        "프로그램을 찾아(`fuser {lock}`) 종료한 뒤 다시 시도하세요"
    ),
    "{lock}: {reason}. This file system has no locks. Keep the token on another one": (
        "{lock}: {reason}. 이 파일 시스템은 잠금을 지원하지 않습니다. 토큰을 다른 파일 시스템에 "
        "저장하세요"
    ),
    "{reason}. Let this user read and write the file and its folder, or choose another place": (
        "{reason}. 이 사용자가 파일과 폴더를 읽고 쓸 수 있게 하거나 다른 위치를 지정하세요"
    ),
    "{reason}. Choose a place that can be written to": ("{reason}. 쓸 수 있는 위치를 지정하세요"),
    "{reason}. Raise the limit of this user for the size of files (ulimit -f)": (
        "{reason}. 이 사용자의 파일 크기 제한(ulimit -f)을 늘리세요"
    ),
    "{reason}. Free some space there": "{reason}. 그곳에 저장 공간을 확보하세요",
    "{reason}. Choose a file, not a folder": "{reason}. 폴더가 아니라 파일을 지정하세요",
    "{reason}. There is a file where a folder should be. Choose another place": (
        "{reason}. 폴더가 있어야 할 곳에 파일이 있습니다. 다른 위치를 지정하세요"
    ),
    "{reason}. Check where the symbolic link there leads, and remove it": (
        "{reason}. 심볼릭 링크가 어디를 가리키는지 확인하고 링크를 삭제하세요"
    ),
    "{reason}. Choose a place with a shorter path": "{reason}. 경로가 더 짧은 위치를 지정하세요",
    "{reason}. Choose a regular file": "{reason}. 일반 파일을 지정하세요",
    "{reason}. The file is mounted on its own. Mount its folder instead, or let this user write "
    "the file": (
        "{reason}. 이 파일만 따로 마운트되어 있습니다. 폴더를 마운트하거나, 이 사용자가 파일을 쓸 "
        "수 있게 하세요"
    ),
    "{reason}. Restart the container with the folder mounted instead of the file": (
        "{reason}. 파일 대신 폴더를 마운트해 컨테이너를 다시 시작하세요"
    ),
    "{reason}. Check the disk and the folder": "{reason}. 디스크와 폴더를 확인하세요",
    "not JSON": "JSON이 아닙니다",
    "not UTF-8": "UTF-8이 아닙니다",
    "an empty JSON object": "빈 JSON 객체입니다",
    "a JSON {kind}, not an object": "JSON 객체가 아니라 {kind}입니다",
    "string": "문자열",
    "array": "배열",
    "number": "숫자",
    "boolean": "불리언",
    "{key} is not a string of visible ASCII characters": (
        "{key} 값에 토큰에 쓸 수 없는 문자가 있습니다"
    ),
    "Could not decrypt the token in {place}: {why}.": (
        "{place} 파일의 토큰을 복호화하지 못했습니다. {why}."
    ),
    "the key is wrong, or the ciphertext is damaged. It was not changed. Use the key that it was "
    "encrypted with. If that is lost, delete the token and log in again": (
        "키가 틀렸거나 암호문이 손상되었습니다. 파일은 그대로 두었습니다. 암호화할 때 쓴 키를 "
        "지정하세요. 그 키를 잃어버렸다면 토큰 파일을 삭제하고 다시 로그인하세요"
    ),
    "it is larger than 1 MiB": "1MiB보다 큽니다",
    "neither access_token nor refresh_token is there": "access_token도 refresh_token도 없습니다",
    "this is Kakao's error answer, not a token": "토큰이 아니라 카카오의 오류 응답입니다",
    "this is Kakao's error answer {code}, not a token: {meaning}. {hint}": (
        "토큰이 아니라 카카오의 오류 응답 {code}입니다. {meaning}. {hint}"
    ),
    "this is Kakao's error answer {code}, not a token": (
        "토큰이 아니라 카카오의 오류 응답 {code}입니다"
    ),
    "its keys are in camelCase: rename them to access_token, refresh_token, expires_at and "
    "refresh_token_expires_at": (
        "키 이름이 camelCase입니다. access_token, refresh_token, expires_at, "
        "refresh_token_expires_at으로 바꾸세요"
    ),
    "the token is nested under {key}: only that inner object is the token": (
        "토큰이 {key} 안에 들어 있습니다. 그 안의 객체만 저장하세요"
    ),
    # Kakao Login's errors
    "Kakao has a temporary error": "카카오에 일시적인 오류가 발생했습니다",
    "Kakao Login is off for this app": "이 앱은 카카오 로그인이 꺼져 있습니다",
    "this is a test app and the user is not one of its members": (
        "테스트 앱의 멤버가 아닌 사용자입니다"
    ),
    "the redirect URI is not registered": "등록되지 않은 리다이렉트 URI입니다",
    "the platform is not registered": "등록되지 않은 플랫폼입니다",
    "the client secret is missing or wrong": "클라이언트 시크릿이 없거나 올바르지 않습니다",
    "Kakao does not know this app key": "유효하지 않은 앱 키입니다",
    "the login asks for a consent item that is not set up": "설정되지 않은 동의항목을 요청했습니다",
    "too many token requests": "토큰 요청이 너무 많습니다",
    "the redirect URI differs from the one in the authorization URL": (
        "인가 코드를 요청할 때와 다른 리다이렉트 URI입니다"
    ),
    "Kakao does not know this grant type": "카카오가 지원하지 않는 grant_type입니다",
    "the PKCE verifier does not match the challenge": "PKCE 검증에 실패했습니다",
    "the refresh token is missing": "리프레시 토큰이 없습니다",
    "the authorization code is used up, expired or unknown": (
        "이미 사용했거나 만료되었거나 유효하지 않은 인가 코드입니다"
    ),
    "the refresh token has expired, or was replaced or revoked": (
        "리프레시 토큰이 만료되었거나, 새 토큰으로 바뀌었거나, 폐기되었습니다"
    ),
    "the ID token is not valid": "유효하지 않은 ID 토큰입니다",
    "The user did not agree.": "사용자가 동의하지 않았습니다.",
    "Kakao gave no code.": "카카오가 인가 코드를 발급하지 않았습니다.",
    # What to do about them
    "Try again later.": "나중에 다시 시도하세요.",
    "Turn it on in the console: Kakao Login > Enable.": (
        "콘솔의 카카오 로그인 > 사용 설정에서 상태를 ON으로 바꾸세요."
    ),
    "Add the user to the app's members in the console.": (
        "콘솔에서 이 사용자를 앱의 멤버로 추가하세요."
    ),
    "Register it in the console exactly as it is sent: scheme, host, port, path and slash.": (
        "요청에 쓴 주소와 똑같이 콘솔에 등록하세요. 스킴, 호스트, 포트, 경로, 마지막 슬래시까지 "
        "같아야 합니다."
    ),
    "Register the platform in the console: App > Platform key.": (
        "콘솔의 앱 > 플랫폼 키에서 플랫폼을 등록하세요."
    ),
    "Set KAKAO_CLIENT_SECRET to the client secret of this REST API key, or log in again with "
    "--store-secret to save it in the token file.": (
        "환경 변수 KAKAO_CLIENT_SECRET에 이 REST API 키의 클라이언트 시크릿을 설정하세요. 토큰 "
        "파일에 저장하려면 --store-secret을 지정해 다시 로그인하세요."
    ),
    "Run: {command}": "다음을 실행하세요: {command}",
    "HTTPS_PROXY or ALL_PROXY names a SOCKS proxy, which needs PySocks: pip install "
    '"requests[socks]"': (
        "HTTPS_PROXY 또는 ALL_PROXY에 지정한 SOCKS 프록시를 쓰려면 PySocks를 설치하세요: "
        'pip install "requests[socks]"'
    ),
    "Pass the app's REST API key, not one of its other keys: --client-id or KAKAO_REST_API_KEY.": (
        "앱의 다른 키가 아니라 REST API 키를 --client-id나 KAKAO_REST_API_KEY에 지정하세요."
    ),
    "Set it up in the console: Kakao Login > Consent items.": (
        "콘솔의 카카오 로그인 > 동의항목에서 설정하세요."
    ),
    "Keep the token file and wait an hour.": (
        "토큰 파일은 그대로 두고 한 시간 뒤에 다시 시도하세요."
    ),
    "Run login again, with the same --redirect-uri or --port.": (
        "같은 --redirect-uri 또는 --port를 지정해 다시 로그인하세요."
    ),
    "Run login again, and use the code of that login.": (
        "다시 로그인해서 새로 받은 인가 코드를 쓰세요."
    ),
    "Log in again to get a new one.": "다시 로그인해서 새로 받으세요.",
    "To ask the user to agree, run: {command}": "동의를 받으려면 다음 명령을 실행하세요: {command}",
    # The same in Python, for docs/ko/errors.md
    "Pass the client secret of this REST API key: client_secret= or KAKAO_CLIENT_SECRET.": (
        "client_secret= 인자나 환경 변수 KAKAO_CLIENT_SECRET에 이 REST API 키의 클라이언트 "
        "시크릿을 지정하세요."
    ),
    "Pass the app's REST API key, not another of its keys: client_id= or KAKAO_REST_API_KEY.": (
        "앱의 다른 키가 아니라 REST API 키를 client_id= 인자나 환경 변수 KAKAO_REST_API_KEY에 "
        "지정하세요."
    ),
    "Keep the tokens between runs (token_store=) and wait an hour.": (
        "프로그램이 끝나도 토큰이 남도록 token_store=를 지정하고, 한 시간 뒤에 다시 시도하세요."
    ),
    "Use the same redirect_uri in authorization_url and fetch_token.": (
        "authorization_url과 fetch_token에 같은 redirect_uri를 쓰세요."
    ),
    "Use fetch_token.": "fetch_token을 쓰세요.",
    "Call fetch_token on the session that made the authorization URL.": (
        "인가 URL을 만든 세션에서 fetch_token을 호출하세요."
    ),
    "Log in again.": "다시 로그인하세요.",
    "Ask the user to agree: log in again with scope= the required scopes.": (
        "사용자의 동의가 필요합니다. 필요한 동의항목을 scope=로 지정해 다시 로그인하세요."
    ),
    "The call carried no token. Make it with the session, or pass auth=.": (
        "토큰 없이 보낸 요청입니다. 세션으로 호출하거나 auth=를 지정하세요."
    ),
    # What to do about the API's errors
    "Kakao has a temporary error. Try again later.": (
        "카카오에 일시적인 오류가 발생했습니다. 나중에 다시 시도하세요."
    ),
    "Check the parameters of the call.": "요청 파라미터를 확인하세요.",
    "Turn the feature on in the console.": "콘솔에서 해당 기능을 켜세요.",
    "The account is restricted.": "이용이 제한된 카카오계정입니다.",
    "The app has no permission for this API. Apply for it in the console.": (
        "이 API를 사용할 권한이 없는 앱입니다. 콘솔에서 권한을 신청하세요."
    ),
    "Kakao does not allow this action.": "카카오가 허용하지 않는 동작입니다.",
    "Kakao is busy or under maintenance. Try again later.": (
        "카카오 서버가 혼잡하거나 점검 중입니다. 나중에 다시 시도하세요."
    ),
    "Check the headers of the call.": "요청 헤더를 확인하세요.",
    "Kakao has ended this API.": "지원이 종료된 API입니다.",
    "The app has used up its quota. Wait.": "쿼터를 초과했습니다. 나중에 다시 시도하세요.",
    "The app has reached its spending limit for a paid API. Raise it in the console.": (
        "유료 API의 이용 한도를 초과했습니다. 콘솔에서 한도를 늘리세요."
    ),
    "Kakao has blocked the app.": "카카오가 이용을 제한한 앱입니다.",
    "The user is not connected to the app. Log in first.": (
        "앱과 연결되지 않은 사용자입니다. 먼저 로그인하세요."
    ),
    "The user is already connected to the app.": "이미 앱과 연결된 사용자입니다.",
    "The Kakao account is dormant or does not exist.": (
        "휴면 상태이거나 존재하지 않는 카카오계정입니다."
    ),
    "Check the user properties that the call names.": "요청한 사용자 프로퍼티를 확인하세요.",
    "Ask the user to agree: run login again with --scope and the required scopes.": (
        "사용자의 동의가 필요합니다. 필요한 동의항목을 --scope로 지정해 다시 로그인하세요."
    ),
    "The user is under 14 and can't use this app.": (
        "14세 미만 사용자는 이 앱을 이용할 수 없습니다."
    ),
    "The user does not use KakaoTalk.": "카카오톡을 사용하지 않는 사용자입니다.",
    "The receiver is not a friend of the user, or can't get messages from this app.": (
        "받는 사람이 사용자의 친구가 아니거나, 이 앱의 메시지를 받을 수 없습니다."
    ),
    "The receiver's device can't show this message.": (
        "받는 사람의 기기에서 지원하지 않는 메시지입니다."
    ),
    "The receiver has turned messages from this app off.": (
        "받는 사람이 이 앱의 메시지 수신을 꺼 두었습니다."
    ),
    "The user has reached this month's limit of messages.": (
        "이 사용자가 한 달에 보낼 수 있는 메시지 수를 초과했습니다."
    ),
    "The user has reached today's limit of messages.": (
        "이 사용자가 하루에 보낼 수 있는 메시지 수를 초과했습니다."
    ),
    "The file is too large.": "파일이 너무 큽니다.",
    "Kakao took too long. Try again later.": (
        "카카오의 응답이 지연되고 있습니다. 나중에 다시 시도하세요."
    ),
    "There are too many files in one call.": "한 번에 보낼 수 있는 파일 수를 초과했습니다.",
    "Kakao does not know this app key. Use a key of the app.": (
        "유효하지 않은 앱 키입니다. 앱의 키를 확인하세요."
    ),
    "Kakao does not support the format of this image.": "지원하지 않는 이미지 형식입니다.",
    "Kakao is under maintenance. Wait.": "카카오 서비스가 점검 중입니다. 나중에 다시 시도하세요.",
    "Add this machine's IP address to the app's allowed IP addresses in the console.": (
        "콘솔에서 앱의 호출 허용 IP 주소에 이 컴퓨터의 IP 주소를 추가하세요."
    ),
    "The call carried no token. Use a path or an https:// URL of kapi.kakao.com.": (
        "토큰 없이 보낸 요청입니다. kapi.kakao.com의 경로나 https:// URL을 지정하세요."
    ),
    "The app is deactivated. Look at it in the console.": (
        "비활성화된 앱입니다. 콘솔에서 앱 상태를 확인하세요."
    ),
    "Turn it on in the console: Kakao Map > Usage.": (
        "콘솔의 카카오맵 > 사용 설정에서 상태를 ON으로 바꾸세요."
    ),
    # Help
    "Stay logged in at Kakao, and test programs against a local Kakao.": (
        "카카오 로그인을 유지하고, 에뮬레이터로 프로그램을 테스트합니다."
    ),
    "Start with:": "처음이라면:",
    "Examples:": "예시:",
    "Show the version and exit.": "버전을 출력합니다.",
    "The token file. Default: KAKAO_SESSION_TOKEN_FILE, or a file in your configuration folder.": (
        "토큰 파일. 기본값: KAKAO_SESSION_TOKEN_FILE, 없으면 설정 폴더의 파일."
    ),
    "The app's REST API key. Default: KAKAO_REST_API_KEY, or the one in the token file.": (
        "앱의 REST API 키. 기본값: KAKAO_REST_API_KEY, 없으면 토큰 파일의 키."
    ),
    "Print each request and response to stderr, without secrets.": (
        "요청과 응답을 표준 오류에 출력합니다. 토큰과 시크릿은 가립니다."
    ),
    "Log in at Kakao and save the token in a file.": (
        "카카오에 로그인하고 토큰을 파일에 저장합니다."
    ),
    "This opens your browser. When you have agreed, the browser comes back to this machine. If the "
    "browser is on another machine, paste the address that it ends on, or only the code in it.": (
        "브라우저가 열립니다. 동의하면 브라우저가 이 컴퓨터로 돌아옵니다. 다른 컴퓨터의 브라우저로 "
        "로그인한다면 마지막 페이지의 주소나 그 안의 인가 코드(code)를 붙여넣으세요."
    ),
    "The client secret is read from KAKAO_CLIENT_SECRET, or you are asked for it. If you type it, "
    "you can save it in the token file. One from the environment is saved only with "
    "--store-secret.": (
        "클라이언트 시크릿은 KAKAO_CLIENT_SECRET에서 읽고, 없으면 물어봅니다. 직접 입력하면 토큰 "
        "파일에 저장할 수 있습니다. 환경 변수의 값은 --store-secret을 지정할 때만 저장합니다."
    ),
    "Do not open a browser.": "브라우저를 열지 않습니다.",
    "Listen on this port: the redirect URI is http://localhost:PORT/callback. Default: 8765.": (
        "로그인을 기다릴 포트. 리다이렉트 URI는 http://localhost:PORT/callback이 됩니다. 기본값: "
        "8765."
    ),
    "The redirect URI, exactly as registered. If it is not http://localhost, paste the address "
    "that your browser ends on.": (
        "콘솔에 등록한 것과 똑같은 리다이렉트 URI. http://localhost가 아니면 마지막 페이지의 "
        "주소를 직접 붙여넣어야 합니다."
    ),
    "A consent item to ask the user for, such as talk_message. Can be repeated.": (
        "동의를 받을 동의항목. 예: talk_message. 여러 번 지정할 수 있습니다."
    ),
    "How long to wait for the browser. Default: 300.": (
        "브라우저 로그인을 기다리는 시간(초). 기본값: 300."
    ),
    "Save the client secret in the token file, or don't. Default: save it if you typed it and "
    "agree.": (
        "클라이언트 시크릿을 토큰 파일에 저장할지 정합니다. 기본값: 직접 입력했을 때만 물어봅니다."
    ),
    "Show who is logged in, and until when.": "로그인한 사용자와 만료 시각을 보여 줍니다.",
    "Without --check, this makes no request.": "--check를 지정하지 않으면 요청을 보내지 않습니다.",
    "Exit status: 0 if the login is fine; 1 if you have to log in, the token file can't be read, "
    "or something is missing that a refresh needs; 3 if the login ends within 7 days; 4 if --check "
    "could not find out.": (
        "종료 코드: 정상이면 0, 로그인이 필요하거나 토큰 파일을 읽을 수 없거나 갱신에 필요한 값이 "
        "없으면 1, 7일 안에 로그인이 만료되면 3, --check로 확인하지 못했으면 4."
    ),
    "Print JSON, for a program.": "프로그램에서 쓰기 좋게 JSON으로 출력합니다.",
    "Ask Kakao whether the login works. This refreshes an expired access token.": (
        "로그인이 유효한지 카카오에 확인합니다. 액세스 토큰이 만료되었으면 갱신합니다."
    ),
    "Refresh the token now.": "토큰을 지금 갱신합니다.",
    "Kakao sends a new access token, and a new refresh token if the old one has less than a month "
    "left.": (
        "액세스 토큰이 새로 발급됩니다. 리프레시 토큰은 만료까지 한 달이 남지 않았을 때만 함께 "
        "발급됩니다."
    ),
    "Your programs do not need this: a session refreshes its token itself. Use it for a login that "
    "nothing uses for weeks. Errors go to stderr, with a hint on how to fix them.": (
        "세션이 알아서 갱신하므로 프로그램에는 필요 없는 명령입니다. 몇 주 동안 쓰지 않는 로그인을 "
        "유지할 때 쓰세요. 오류는 해결 방법과 함께 표준 오류에 출력합니다."
    ),
    "To keep an unused login alive, add this line to your crontab:": (
        "쓰지 않는 로그인을 유지하려면 crontab에 다음 줄을 추가하세요:"
    ),
    "It runs twice a month. A refresh token lives for 60 days, and Kakao replaces it only when it "
    "has less than a month left. A job that runs once a month can miss that time.": (
        "한 달에 두 번 실행됩니다. 리프레시 토큰은 60일 동안 유효하고, 만료까지 한 달이 남지 "
        "않았을 때만 새로 발급됩니다. 한 달에 한 번만 실행하면 그 시기를 놓칠 수 있습니다."
    ),
    "Refresh only if the access token expires soon, or the refresh token has less than a month "
    "left.": (
        "액세스 토큰이 곧 만료되거나 리프레시 토큰의 만료까지 한 달이 남지 않았을 때만 갱신합니다."
    ),
    "Log out at Kakao and delete the token file.": (
        "카카오에서 로그아웃하고 토큰 파일을 삭제합니다."
    ),
    "The token file is deleted even if Kakao can't be reached. The app stays connected to the "
    "user. To disconnect it, use unlink.": (
        "카카오에 연결할 수 없어도 토큰 파일은 삭제합니다. 사용자와 앱의 연결은 그대로입니다. "
        "연결을 끊으려면 unlink를 쓰세요."
    ),
    "Disconnect the user from the app.": "사용자와 앱의 연결을 끊습니다.",
    "All tokens of the user for the app end, on every machine, and the user's consent is "
    "withdrawn. You are asked first.": (
        "모든 기기에서 이 사용자의 토큰이 폐기되고 동의가 철회됩니다. 실행하기 전에 한 번 더 "
        "물어봅니다."
    ),
    "Do not ask for confirmation.": "물어보지 않고 실행합니다.",
    "Import a login from FILE.": "FILE에 저장된 로그인을 가져옵니다.",
    "FILE is a JSON file with a token, such as the tutorials save. Its name does not matter. It is "
    "not changed.": (
        "FILE은 토큰을 JSON으로 저장한 파일입니다. 블로그 예제로 만든 파일도 되고, 이름은 "
        "상관없습니다. FILE의 내용은 바뀌지 않습니다."
    ),
    "Replace the saved login even if it is newer, of another app, or can be refreshed and FILE's "
    "can't.": (
        "저장된 로그인이 더 최신이거나, 다른 앱의 로그인이거나, 저장된 로그인만 갱신할 수 있을 "
        "때도 덮어씁니다."
    ),
    "Call the Kakao API and print the response body.": (
        "카카오 API를 호출하고 응답 본문을 출력합니다."
    ),
    "JSON is indented on a terminal. Otherwise the body is printed as it is. PATH_OR_URL is a path "
    "such as /v2/user/me, or a URL.": (
        "터미널에서는 JSON을 들여쓰기해서 출력하고, 그 밖에는 본문을 그대로 출력합니다. "
        "PATH_OR_URL에는 /v2/user/me 같은 경로나 URL을 지정하세요."
    ),
    "The access token goes to kapi.kakao.com only, and the REST API key to dapi.kakao.com only.": (
        "액세스 토큰은 kapi.kakao.com에만, REST API 키는 dapi.kakao.com에만 보냅니다."
    ),
    "Exit status: 0 if the HTTP status is below 400, else 1.": (
        "종료 코드: HTTP 상태 코드가 400 미만이면 0, 아니면 1."
    ),
    "A field: of the query for GET, DELETE and HEAD, of the form for other methods.": (
        "보낼 파라미터. GET, DELETE, HEAD에서는 쿼리로, 다른 메서드에서는 폼으로 보냅니다."
    ),
    "A header.": "보낼 헤더.",
    "Send the fields as a JSON object. A VALUE that is JSON is sent as JSON.": (
        "파라미터를 JSON 객체로 보냅니다. VALUE가 JSON이면 JSON 그대로 보냅니다."
    ),
    "Send a message to yourself on KakaoTalk.": "카카오톡으로 나에게 메시지를 보냅니다.",
    "Without TEXT, the message is what comes from a pipe. Kakao takes 200 characters in a "
    "message.": (
        "TEXT가 없으면 파이프로 받은 내용을 보냅니다. 메시지 하나에 200자까지 보낼 수 있습니다."
    ),
    "Kakao asks for the user's consent once:": "처음 한 번은 동의가 필요합니다:",
    "The page that the message opens. Register its domain in the console: App > Product link > Web "
    "domain.": (
        "메시지를 누르면 열리는 페이지. 콘솔의 앱 > 제품 링크 > 웹 도메인에 도메인을 등록하세요."
    ),
    "The title of the button.": "버튼 이름.",
    "Send a long text as several messages. Without this, it is cut.": (
        "긴 텍스트를 여러 메시지로 나누어 보냅니다. 지정하지 않으면 뒷부분을 자릅니다."
    ),
    "Run COMMAND against a local Kakao and show its requests.": (
        "COMMAND를 에뮬레이터에 연결해 실행하고, 보낸 요청을 보여 줍니다."
    ),
    "COMMAND is not modified and uses Kakao's real host names: HTTPS_PROXY and the variables for "
    "certificates redirect it to the local Kakao. Requests to other hosts are refused.": (
        "에뮬레이터는 내 컴퓨터에서 실행되는 로컬 카카오 서버입니다. COMMAND는 고치지 않아도 되고, "
        "실제 카카오 주소를 그대로 씁니다. HTTPS_PROXY와 인증서 환경 변수가 요청을 에뮬레이터로 "
        "보냅니다. 다른 호스트로 가는 요청은 거절합니다."
    ),
    "The emulator starts with a user who logged in seven hours ago. KAKAO_SESSION_TOKEN_FILE is "
    "the file with their tokens, KAKAO_REST_API_KEY the app's key, and KAKAO_EMULATOR_URL the "
    "control page, which takes JSON too.": (
        "7시간 전에 로그인한 사용자가 있는 상태로 시작합니다. KAKAO_SESSION_TOKEN_FILE은 그 "
        "사용자의 토큰 파일, KAKAO_REST_API_KEY는 앱 키, KAKAO_EMULATOR_URL은 제어 페이지이며 "
        "JSON으로도 제어할 수 있습니다."
    ),
    "Without COMMAND, the local Kakao runs until Ctrl-C. Paste the lines that it prints into "
    "another terminal.": (
        "COMMAND를 지정하지 않으면 Ctrl-C를 누를 때까지 실행됩니다. 출력된 명령을 다른 터미널에 "
        "붙여넣으세요."
    ),
    "The port of the proxy and the control page. Default: a free port.": (
        "프록시와 제어 페이지의 포트. 기본값: 사용 중이 아닌 포트."
    ),
    "Start with a user who logged in just now.": "방금 로그인한 사용자가 있는 상태로 시작합니다.",
    "Seconds that an access token lives.": "액세스 토큰의 유효 시간(초).",
    "Seconds that a refresh token lives.": "리프레시 토큰의 유효 시간(초).",
    "Do not limit token requests (KOE237).": (
        "토큰 요청 횟수를 제한하지 않습니다(KOE237이 발생하지 않음)."
    ),
    "Require this client secret.": "이 클라이언트 시크릿을 보내야만 토큰을 발급합니다.",
    "Register a redirect URI. Can be repeated. Default: every URI is accepted.": (
        "리다이렉트 URI를 등록합니다. 여러 번 지정할 수 있습니다. 기본값: 모든 URI를 허용."
    ),
    "Show the consent page, or let the user agree or cancel at once. Default: page.": (
        "동의 화면을 보여 주거나, 자동으로 동의하거나, 자동으로 취소합니다. 기본값: page."
    ),
    "there is no switch {name}": "{name} 스위치는 없습니다",
    "{name} takes {values}": "{name}에 지정할 수 있는 값은 {values}입니다",
    "{one} or {other}": "{one} 또는 {other}",
    "a string": "문자열",
    "a number": "숫자",
    "a whole number": "정수",
    "Set another switch of the emulator, such as logout_ends=access_token.": (
        "에뮬레이터의 다른 스위치를 설정합니다. 예: logout_ends=access_token."
    ),
    "In zsh, it must come after compinit.": "zsh에서는 compinit보다 뒤에 추가하세요.",
    "Print a script that lets SHELL complete kakao-session.": (
        "SHELL용 자동 완성 스크립트를 출력합니다."
    ),
    "Add one of these lines to the file on the right:": (
        "사용하는 셸의 줄을 오른쪽 파일에 추가하세요:"
    ),
}
