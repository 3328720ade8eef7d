"""What ``kakao-session login`` says, in English and in Korean."""

from __future__ import annotations

LOGIN_MESSAGES: dict[str, tuple[str, str]] = {
    # Before the browser
    "register": (
        "The Kakao console has to know this redirect URI, letter by letter:\n"
        "    {uri}\n"
        "    (App > Platform key > REST API key > Redirect URI)",
        "카카오 콘솔에 아래 리다이렉트 URI가 글자 하나까지 똑같이 등록되어 있어야 합니다:\n"
        "    {uri}\n"
        "    (앱 > 플랫폼 키 > REST API 키 > 리다이렉트 URI)",
    ),
    "ask_key": (
        "REST API key (console: App > Platform key)",
        "REST API 키 (콘솔: 앱 > 플랫폼 키)",
    ),
    "no_key": (
        "The REST API key is needed (console: App > Platform key): give --client-id or set "
        "KAKAO_REST_API_KEY.",
        "REST API 키가 필요합니다(콘솔: 앱 > 플랫폼 키). --client-id로 주거나 KAKAO_REST_API_KEY를 "
        "설정하세요.",
    ),
    "ask_secret": (
        "Client secret of the key (not shown; Enter if it has none)",
        "키의 클라이언트 시크릿 (표시되지 않음, 없으면 Enter)",
    ),
    "ask_secret_again": (
        "Client secret of the key (not shown; Enter for the stored one)",
        "키의 클라이언트 시크릿 (표시되지 않음, 저장된 것을 쓰려면 Enter)",
    ),
    "port_busy": (
        "Port {port} is busy: another program listens there. End it, or choose another port with "
        "--port and register that redirect URI. No browser was opened.",
        "{port}번 포트를 다른 프로그램이 쓰고 있습니다. 그 프로그램을 끝내거나 --port로 다른 "
        "포트를 고르고 그 리다이렉트 URI를 등록하세요. 브라우저는 열지 않았습니다.",
    ),
    "port_refused": (
        "Port {port} can't be listened on ({reason}). Choose another with --port and register that "
        "redirect URI. No browser was opened.",
        "{port}번 포트를 열 수 없습니다({reason}). --port로 다른 포트를 고르고 그 리다이렉트 URI를 "
        "등록하세요. 브라우저는 열지 않았습니다.",
    ),
    "open_this": (
        "To log in and to agree, open this address:",
        "로그인하고 동의하려면 이 주소를 여세요:",
    ),
    "browser_opens": (
        "Your browser opens it now.",
        "브라우저에서 자동으로 열립니다.",
    ),
    "browser_failed": (
        "No browser could be opened: open the address yourself.",
        "브라우저를 열 수 없습니다. 주소를 직접 여세요.",
    ),
    "paste_if_elsewhere": (
        "Is the browser on another machine? Then it ends on a page that it can't open. Copy the "
        "address of that page, paste it here (nothing is shown) and press Enter.",
        "브라우저가 다른 컴퓨터에 있나요? 그러면 마지막에 열 수 없는 페이지가 나옵니다. 그 "
        "페이지의 주소를 복사해 여기에 붙여넣고(표시되지 않음) Enter를 누르세요.",
    ),
    "paste": (
        "When the browser has ended at {uri}, copy the whole address, paste it here (nothing is "
        "shown) and press Enter. The code alone will do, too.",
        "브라우저가 {uri}에 도착하면 주소 전체를 복사해 여기에 붙여넣고(표시되지 않음) Enter를 "
        "누르세요. 코드만 붙여넣어도 됩니다.",
    ),
    # While it waits
    "waiting": (
        "Waiting for the browser until {until} (Ctrl-C gives up)",
        "{until}까지 브라우저를 기다립니다 (그만두려면 Ctrl-C)",
    ),
    "waiting_for_paste": (
        "Waiting for the address until {until} (Ctrl-C gives up)",
        "{until}까지 주소를 기다립니다 (그만두려면 Ctrl-C)",
    ),
    "pasted_nothing": (
        "That is neither the address at which the browser has ended nor a code. Copy the whole "
        "address and paste it again.",
        "브라우저가 도착한 주소도 코드도 아닙니다. 주소 전체를 복사해 다시 붙여넣으세요.",
    ),
    "pasted_stray": (
        "That address belongs to another login, or is not whole. Open the address above and paste "
        "the one at which the browser ends then.",
        "다른 로그인의 주소이거나 일부가 빠진 주소입니다. 위의 주소를 열고, 그때 브라우저가 도착한 "
        "주소를 붙여넣으세요.",
    ),
    "nothing_to_paste": (
        "Nothing can be pasted, since stdin has ended, and nobody can listen at {uri}.",
        "표준 입력이 끝나 붙여넣을 수 없고, {uri}에서 기다릴 수도 없습니다.",
    ),
    "deadline": (
        "Nothing came back within {span}. If Kakao's page showed an error, here is what cures "
        "it:\n{cures}\nThen run the login again; --timeout makes it wait longer.",
        "{span} 안에 응답이 오지 않았습니다. 카카오 페이지에 오류가 나왔다면 이렇게 고치세요:\n"
        "{cures}\n그런 다음 다시 로그인하세요. --timeout으로 더 오래 기다릴 수 있습니다.",
    ),
    "minutes": ("{minutes} min", "{minutes}분"),
    "seconds": ("{seconds} s", "{seconds}초"),
    "given_up": (
        "Given up. Nothing was stored.",
        "그만두었습니다. 아무것도 저장하지 않았습니다.",
    ),
    "denied": (
        "You did not agree, so there is no login. Nothing was stored.",
        "동의하지 않아 로그인하지 못했습니다. 아무것도 저장하지 않았습니다.",
    ),
    # After it
    "logged_in": ("Logged in.", "로그인했습니다."),
    "logged_in_as": ("Logged in as user {user}.", "사용자 {user}(으)로 로그인했습니다."),
    "user_unknown": (
        "Kakao could not be asked who the user is; the login is good all the same. {why}",
        "카카오에 사용자를 물어볼 수 없었지만 로그인은 되었습니다. {why}",
    ),
    "next_code": (
        "Your program needs no more than this:\n    KakaoSession({argument})",
        "이제 프로그램에는 이것만 있으면 됩니다:\n    KakaoSession({argument})",
    ),
    "next_secret": (
        "and KAKAO_CLIENT_SECRET in its environment: the secret was not stored (--store-secret "
        "would keep it in the token file).",
        "그리고 환경 변수 KAKAO_CLIENT_SECRET이 필요합니다. 시크릿은 저장하지 않았습니다"
        "(--store-secret을 주면 토큰 파일에 저장합니다).",
    ),
}
