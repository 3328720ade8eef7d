"""The texts of the pages, in Korean and English."""

from __future__ import annotations

_TEXTS = {
    "ribbon": ("로컬 에뮬레이터 · 실제 카카오가 아닙니다", "Local emulator · this is not Kakao"),
    "other": ("English", "한국어"),
    "other_lang": ("en", "ko"),
    # The consent page
    "consent_title": ("동의하고 계속하기", "Agree and continue"),
    "asks": ("앱({app})이 다음 항목에 대한 동의를 요청합니다.", "App {app} asks you to agree to:"),
    "connects": (
        "카카오계정을 앱({app})에 연결합니다.",
        "Your Kakao account will be linked to app {app}.",
    ),
    "untick": ("동의하지 않을 항목은 체크를 해제하세요.", "Untick what you don't agree to."),
    "required": ("필수", "required"),
    "optional": ("선택", "optional"),
    "account": ("카카오계정", "Kakao account"),
    "accounts": ("계정 선택", "Choose an account"),
    "new": ("새 사용자", "new to the app"),
    "agree": ("동의하고 계속하기", "Agree and continue"),
    "cancel": ("취소", "Cancel"),
    "goes_to": ("결과를 전달할 주소: {site}", "The answer goes to {site}."),
    # The error page
    "refused_title": ("로그인할 수 없습니다", "You can't log in"),
    "never_told": (
        "이 오류는 리다이렉트 URI로 전달되지 않으므로 앱은 알 수 없습니다.",
        "Kakao never sends this error to the redirect URI, so the app does not see it.",
    ),
    "description": ("설명", "description"),
    "KOE004": (
        "앱의 카카오 로그인이 비활성화되어 있습니다. 개발자 콘솔에서 활성화하세요.",
        "Kakao Login is off for this app. Turn it on in the console.",
    ),
    "KOE005": (
        "테스트 앱입니다. 이 사용자를 앱의 멤버로 추가하세요.",
        "This is a test app. Add the user to its members.",
    ),
    "KOE006": (
        "등록되지 않은 리다이렉트 URI입니다. 요청한 주소와 똑같이 등록하세요.",
        "This redirect URI is not registered. Register it exactly as the app sends it.",
    ),
    "KOE101": (
        "유효하지 않은 앱 키입니다. REST API 키를 사용하세요.",
        "This app key is wrong. Use the REST API key.",
    ),
    "KOE205": (
        "설정되지 않은 동의항목을 요청했습니다. 개발자 콘솔에서 동의항목을 설정하세요.",
        "The app asks for a consent item that is not set up. Set it up in the console.",
    ),
    # The control page
    "control_title": ("카카오 에뮬레이터", "Kakao emulator"),
    "kakao_time": ("카카오 시각", "Kakao's time"),
    "actions": ("제어", "Actions"),
    "advance": ("시간 이동", "Advance time"),
    "one_hour": ("1시간", "1 hour"),
    "six_hours": ("6시간", "6 hours"),
    "thirty_days": ("30일", "30 days"),
    "access_tokens": ("액세스 토큰", "Access tokens"),
    "expire": ("만료시키기", "Expire"),
    "revoke": ("폐기하기", "Revoke"),
    "next_token_request": ("다음 토큰 요청 실패시키기", "Fail the next token request"),
    "fault_reset": ("연결 리셋", "Reset"),
    "fault_hang": ("무응답", "Hang"),
    "fault_limit": ("요청 한도 초과 KOE237", "Rate limit KOE237"),
    "clear_failures": ("실패 설정 해제", "Clear failures"),
    "switches": ("설정", "Switches"),
    "rate_limit": ("토큰 요청 수 제한", "Limit token requests"),
    "consent": ("동의 화면", "Consent"),
    "consent_page": ("화면 표시", "Show the page"),
    "consent_given": ("자동으로 동의", "Agree automatically"),
    "consent_denied": ("자동으로 취소", "Cancel automatically"),
    "users": ("사용자", "Users"),
    "user": ("사용자", "User"),
    "unlink": ("연결 끊기", "Unlink"),
    "everything": ("전체", "Everything"),
    "clear_requests": ("기록 지우기", "Clear the log"),
    "reset": ("초기화", "Reset all"),
    "tokens": ("토큰", "Tokens"),
    "token": ("토큰", "Token"),
    "kind": ("종류", "Kind"),
    "access_token": ("액세스", "access"),
    "refresh_token": ("리프레시", "refresh"),
    "left": ("남은 시간", "Time left"),
    "requests": ("요청 기록", "Requests"),
    "time": ("시각", "Time"),
    "request": ("요청", "Request"),
    "status": ("상태", "Status"),
    "why": ("처리 결과와 이유", "Result and reason"),
    "as_json": ("JSON으로 제어하기", "Control it with JSON"),
    "none_yet": ("없음", "none"),
    "lost": ("에뮬레이터에 연결할 수 없습니다.", "The emulator does not answer."),
}

TRANSLATIONS: dict[str, dict[str, str]] = {
    language: {key: texts[place] for key, texts in _TEXTS.items()}
    for place, language in enumerate(("ko", "en"))
}
