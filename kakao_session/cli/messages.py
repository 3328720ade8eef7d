"""Every sentence that the command says, in English and in Korean; login's are beside this file."""

from __future__ import annotations

from kakao_session.cli.messages_of_login import LOGIN_MESSAGES

MESSAGES: dict[str, tuple[str, str]] = {
    **LOGIN_MESSAGES,
    # Everywhere
    "error": ("Error: {message}", "오류: {message}"),
    "interrupted": ("Interrupted.", "중단했습니다."),
    "finishing": (
        "Finishing what has begun. Ctrl-C once more ends it at once.",
        "진행 중인 작업을 마무리합니다. Ctrl-C를 한 번 더 누르면 바로 끝냅니다.",
    ),
    "log_in": ("Log in: kakao-session login", "로그인하세요: kakao-session login"),
    "no_home": (
        "There is no home folder for the token file, or the working folder is gone. Name the file "
        "by its whole path, with --token-file or KAKAO_SESSION_TOKEN_FILE.",
        "토큰 파일을 둘 홈 폴더가 없거나 현재 폴더가 사라졌습니다. --token-file 또는 "
        "KAKAO_SESSION_TOKEN_FILE로 파일의 전체 경로를 지정하세요.",
    ),
    "empty": ("it is empty", "비어 있습니다"),
    "no_login": ("Nobody is logged in: there is no {path}.", "로그인 정보가 없습니다: {path}"),
    "odd_key": (
        "The REST API key (--client-id, KAKAO_REST_API_KEY or app_key in the token file) is not "
        "one: it holds characters that no key has.",
        "REST API 키(--client-id, KAKAO_REST_API_KEY 또는 토큰 파일의 app_key)에 쓸 수 없는 문자가 "
        "있습니다.",
    ),
    "odd_secret": (
        "The client secret is not one: it holds characters that no secret has.",
        "클라이언트 시크릿에 쓸 수 없는 문자가 있습니다.",
    ),
    "odd_text": ("it is not text in UTF-8", "UTF-8 문자열이 아닙니다"),
    "no_file": ("{file} is not there", "{file} 파일이 없습니다"),
    "os_error": ("It can't go on: {reason}.", "계속할 수 없습니다: {reason}."),
    "no_answer": ("There was no answer.", "답이 없습니다."),
    # status
    "label_login": ("login", "로그인"),
    "label_app_key": ("app key", "앱 키"),
    "label_user": ("user", "사용자"),
    "label_scopes": ("scopes", "동의항목"),
    "label_access": ("access token", "액세스 토큰"),
    "label_refresh": ("refresh token", "리프레시 토큰"),
    "label_next": ("next refresh", "다음 갱신"),
    "label_store": ("stored in", "저장 위치"),
    "label_kakao": ("Kakao says", "카카오 응답"),
    "login_fine": ("fine", "정상"),
    "login_ending": ("ends soon", "곧 끝남"),
    "login_needed": ("needed", "필요함"),
    "login_unknown": ("not known", "알 수 없음"),
    "not_known": ("not known", "알 수 없음"),
    "none": ("none", "없음"),
    "key_missing": (
        "none: set KAKAO_REST_API_KEY, or nothing can be renewed",
        "없음: KAKAO_REST_API_KEY를 설정해야 갱신할 수 있습니다",
    ),
    "user_unchecked": ("not known (--check asks Kakao)", "알 수 없음 (--check로 카카오에 확인)"),
    "ends": ("{name}, ends {moment}", "{name}, {moment} 만료"),
    "ended": (
        "{name}, ended {moment}",
        "{name}, {moment} 만료됨",
    ),
    "end_unknown": ("{name}, its end is not known", "{name}, 만료 시각을 알 수 없음"),
    "renewed_at_need": (
        "{end}; the next call renews it",
        "{end}, 다음 호출 때 갱신됩니다",
    ),
    "next_renews": (
        "also renews the refresh token",
        "리프레시 토큰도 새로 받습니다",
    ),
    "next_renews_not": (
        "leaves the refresh token as it is, until {moment}",
        "리프레시 토큰은 그대로 둡니다. 함께 갱신되는 때: {moment}부터",
    ),
    "next_unknown": (
        "may renew the refresh token, too: its end is not known",
        "리프레시 토큰의 만료 시각을 몰라 함께 갱신될지 알 수 없습니다",
    ),
    "next_impossible": ("is not possible", "할 수 없습니다"),
    "store_open": (
        "{path} ({mode}: others can read it, run chmod 600)",
        "{path} ({mode}: 다른 사용자가 읽을 수 있습니다. chmod 600을 실행하세요)",
    ),
    "store_private": ("{path} ({mode})", "{path} ({mode})"),
    "store_absent": ("{path} (not there)", "{path} (없음)"),
    "kakao_alive": (
        "the access token is good for user {user}",
        "사용자 {user}의 액세스 토큰이 유효합니다",
    ),
    "ending_hint": (
        "Renew it before it ends: kakao-session refresh",
        "끝나기 전에 갱신하세요: kakao-session refresh",
    ),
    "ending_no_renewal": (
        "There is no refresh token, so it can't be renewed. Log in: kakao-session login",
        "리프레시 토큰이 없어 갱신할 수 없습니다. 로그인하세요: kakao-session login",
    ),
    # refresh
    "renewed": ("Renewed: access token {end}.", "갱신했습니다: 액세스 토큰 {end}."),
    "refresh_token_new": (
        "The refresh token is new, too: {end}.",
        "리프레시 토큰도 새것입니다: {end}.",
    ),
    "refresh_token_same": (
        "The refresh token is the same: {end}.",
        "리프레시 토큰은 그대로입니다: {end}.",
    ),
    "renewal_not_needed": (
        "Nothing to do: access token {end}.",
        "할 일이 없습니다: 액세스 토큰 {end}.",
    ),
    # logout, unlink
    "logged_out": ("Logged out. {path} is gone.", "로그아웃했습니다. {path}을(를) 지웠습니다."),
    "logged_out_here": (
        "Logged out here: {path} is gone. But Kakao could not be told, so the tokens live on there "
        "until they end. {why}",
        "이 컴퓨터에서 로그아웃했습니다. {path}을(를) 지웠습니다. 하지만 카카오에 알리지 못해 "
        "토큰은 만료될 때까지 살아 있습니다. {why}",
    ),
    "was_over": (
        "The login was over already. {path} is gone.",
        "이미 끝난 로그인입니다. {path}을(를) 지웠습니다.",
    ),
    "ask_unlink": (
        "This disconnects the user from the app: all of the user's tokens end, on every machine, "
        "and so does what the user has agreed to. Go on?",
        "사용자와 앱의 연결을 끊습니다. 모든 기기의 토큰이 끝나고 동의 내역도 사라집니다. "
        "계속할까요?",
    ),
    "unlink_needs_yes": (
        "unlink asks first, and here is no terminal to answer at: give --yes.",
        "확인이 필요하지만 답할 터미널이 없습니다. --yes를 주세요.",
    ),
    "unlink_not": ("Nothing was changed.", "아무것도 바꾸지 않았습니다."),
    "unlinked": (
        "User {user} is disconnected from the app. {path} is gone.",
        "사용자 {user}와(과) 앱의 연결을 끊었습니다. {path}을(를) 지웠습니다.",
    ),
    # import
    "imported": ("Imported into {path}.", "{path}(으)로 가져왔습니다."),
    "unreadable": ("Could not read {file}: {why}.", "{file}을(를) 읽을 수 없습니다: {why}."),
    "no_token": ("{file} holds no token ({why}).", "{file}에 토큰이 없습니다({why})."),
    "import_less": (
        "{path} holds a login that can be refreshed, and this file has no refresh token that is "
        "still good. Use --force to replace it all the same.",
        "{path}에 갱신할 수 있는 로그인이 있는데, 가져올 파일에는 쓸 수 있는 리프레시 토큰이 "
        "없습니다. 그래도 바꾸려면 --force를 지정하세요.",
    ),
    "import_newer": (
        "{path} holds another login, and this one is not known to be newer. Use --force to replace "
        "it all the same.",
        "{path}에 다른 로그인이 있고, 가져올 로그인이 더 새것인지 알 수 없습니다. 그래도 바꾸려면 "
        "--force를 지정하세요.",
    ),
    "import_dead": (
        "Its refresh token has run out, so it can't be renewed.",
        "리프레시 토큰이 만료되어 갱신할 수 없습니다.",
    ),
    "import_delete": (
        "{file} still holds the tokens, too. Delete it: it ends when they are renewed.",
        "{file}에도 아직 토큰이 남아 있습니다. 갱신되면 쓸모없어지니 지우세요.",
    ),
    "import_no_key": (
        "The file names no app. Set KAKAO_REST_API_KEY, or import it with --client-id.",
        "파일에 앱 키가 없습니다. KAKAO_REST_API_KEY를 설정하거나 --client-id와 함께 가져오세요.",
    ),
    # request
    "request_binary": (
        "{size} bytes that are no text: send them to a file with > FILE",
        "텍스트가 아닌 {size}바이트: > FILE 로 파일에 저장하세요",
    ),
    "request_scopes": (
        "Ask for the consent with: {command}",
        "동의를 요청하세요: {command}",
    ),
    "request_token_endpoint": (
        "its answers hold tokens, which are never printed. Use: kakao-session refresh",
        "응답에 토큰이 들어 있어 출력하지 않습니다. kakao-session refresh를 쓰세요",
    ),
    "odd_pair": ("it has to be {shape}", "{shape} 꼴이어야 합니다"),
    "odd_url": (
        "begin it with / for the Kakao API, or with https://",
        "카카오 API는 /로, 다른 주소는 https://로 시작하세요",
    ),
    "odd_redirect": (
        "a redirect URI is http:// or https://, a host, perhaps a port and a path, and no more",
        "리다이렉트 URI는 http:// 또는 https://에 호스트, 포트, 경로만 올 수 있습니다",
    ),
    "port_or_uri": (
        "--port is part of the redirect URI: give one of the two.",
        "--port는 리다이렉트 URI에 들어 있으니 둘 중 하나만 주세요.",
    ),
    "not_a_file": (
        "--token-file and KAKAO_SESSION_TOKEN_FILE take the path of a file, not a URL.",
        "--token-file과 KAKAO_SESSION_TOKEN_FILE에는 URL이 아닌 파일 경로를 지정하세요.",
    ),
    "at_risk": ("Warning: {message}", "주의: 새 토큰이 저장되지 않았습니다. ({message})"),
    # The network
    "net_tls": (
        "The certificate was not accepted ({kind}): look at REQUESTS_CA_BUNDLE and at the clock.",
        "인증서를 확인할 수 없습니다({kind}). REQUESTS_CA_BUNDLE과 시계를 확인하세요.",
    ),
    "net_proxy": (
        "The proxy did not let it through ({kind}): look at HTTPS_PROXY.",
        "프록시를 지나지 못했습니다({kind}). HTTPS_PROXY를 확인하세요.",
    ),
    "net_timeout": (
        "The answer took too long ({kind}). Try again later.",
        "응답이 너무 늦습니다({kind}). 나중에 다시 시도하세요.",
    ),
    "net_unreachable": (
        "The host could not be reached ({kind}). Look at the network.",
        "호스트에 연결할 수 없습니다({kind}). 네트워크를 확인하세요.",
    ),
    "net_unreadable": (
        "The answer could not be read ({kind}). Try again later.",
        "응답을 읽을 수 없습니다({kind}). 나중에 다시 시도하세요.",
    ),
    "net_other": ("The request could not be sent ({kind}).", "요청을 보낼 수 없습니다({kind})."),
}
