"""In Korean, what the library's errors say in English: by Kakao's code, else by kind of error."""

from __future__ import annotations

from kakao_session.errors import (
    ConfigurationError,
    KakaoAPIError,
    KakaoError,
    LoginRequiredError,
    RateLimitedError,
    ScopeRequiredError,
    TemporaryError,
    TokenEndpointError,
    TokenStoreError,
)

KOE: dict[str, tuple[str, str]] = {
    "KOE003": ("카카오에 일시적인 오류가 있습니다", "나중에 다시 시도하세요."),
    "KOE004": ("이 앱의 카카오 로그인이 꺼져 있습니다", "콘솔의 앱 > 카카오 로그인에서 켜세요."),
    "KOE005": (
        "테스트 앱인데 이 사용자는 멤버가 아닙니다",
        "콘솔에서 사용자를 앱 멤버로 추가하세요.",
    ),
    "KOE006": (
        "리다이렉트 URI가 등록되어 있지 않습니다",
        "콘솔에 똑같이 등록하세요: 스킴, 호스트, 포트, 경로, 마지막 슬래시까지.",
    ),
    "KOE009": ("플랫폼이 등록되어 있지 않습니다", "콘솔의 앱 > 플랫폼 키에서 플랫폼을 등록하세요."),
    "KOE010": (
        "클라이언트 시크릿이 없거나 틀렸습니다",
        "이 REST API 키의 시크릿을 KAKAO_CLIENT_SECRET으로 주세요.",
    ),
    "KOE101": (
        "카카오가 모르는 앱 키입니다",
        "앱의 다른 키가 아닌 REST API 키를 --client-id 또는 KAKAO_REST_API_KEY로 주세요.",
    ),
    "KOE205": (
        "요청한 동의항목이 설정되어 있지 않습니다",
        "콘솔의 카카오 로그인 > 동의항목에서 설정하세요.",
    ),
    "KOE237": ("토큰 요청이 너무 많습니다", "지금 있는 토큰을 그대로 두고 한 시간 기다리세요."),
    "KOE303": (
        "리다이렉트 URI가 코드를 받을 때와 다릅니다",
        "로그인할 때와 같은 것을 쓰세요.",
    ),
    "KOE310": ("카카오가 모르는 grant_type입니다", "`kakao-session login`을 쓰세요."),
    "KOE313": (
        "PKCE 검증에 실패했습니다",
        "이 로그인에서 연 주소의 코드만 쓸 수 있습니다. 다시 로그인하세요.",
    ),
    "KOE319": ("리프레시 토큰이 없습니다", "`kakao-session login`으로 다시 로그인하세요."),
    "KOE320": (
        "인가 코드를 이미 썼거나 만료되었거나 알 수 없는 코드입니다",
        "`kakao-session login`으로 다시 로그인하세요.",
    ),
    "KOE322": (
        "리프레시 토큰이 만료되었거나 바뀌었거나 폐기되었습니다",
        "`kakao-session login`으로 다시 로그인하세요.",
    ),
    "KOE400": ("ID 토큰이 유효하지 않습니다", "새로 로그인해서 받으세요."),
}
"""Meaning and cure of each code of :data:`kakao_session.errors.KOE`."""

API_HINTS: dict[int, str] = {
    -1: "카카오에 일시적인 오류가 있습니다. 나중에 다시 시도하세요.",
    -2: "호출의 파라미터를 확인하세요.",
    -3: "콘솔에서 기능을 켜세요.",
    -4: "이용이 제한된 계정입니다.",
    -5: "앱에 이 API의 권한이 없습니다. 콘솔에서 신청하세요.",
    -6: "허용되지 않은 서버입니다. 앱에 등록된 IP를 확인하세요.",
    -7: "카카오가 바쁘거나 점검 중입니다. 나중에 다시 시도하세요.",
    -8: "호출의 헤더를 확인하세요.",
    -9: "서비스가 끝난 API입니다.",
    -10: "앱의 쿼터를 다 썼습니다. 기다리세요.",
    -12: "제재를 받은 앱입니다.",
    -101: "앱에 연결되지 않은 사용자입니다. 먼저 로그인하세요.",
    -102: "이미 앱에 연결된 사용자입니다.",
    -103: "없는 카카오계정입니다.",
    -201: "호출에 쓴 사용자 프로퍼티를 확인하세요.",
    -401: "`kakao-session login`으로 다시 로그인하세요.",
    -402: "사용자의 동의가 더 필요합니다.",
    -406: "14세 미만이라 이 앱을 쓸 수 없는 사용자입니다.",
    -501: "카카오톡을 쓰지 않는 사용자입니다.",
    -603: "카카오의 응답이 너무 늦었습니다. 나중에 다시 시도하세요.",
    -9798: "카카오가 점검 중입니다. 기다리세요.",
}
"""What to do about each code of the API that has a hint."""

KINDS: dict[type[KakaoError], str] = {
    ScopeRequiredError: "사용자의 동의가 더 필요합니다.",
    KakaoAPIError: "카카오 API가 오류로 응답했습니다.",
    LoginRequiredError: "로그인이 필요합니다. `kakao-session login`을 실행하세요.",
    ConfigurationError: "앱 키, 시크릿, 리다이렉트 URI 또는 콘솔 설정을 확인하세요.",
    RateLimitedError: "토큰 요청이 너무 많습니다. 지금 있는 토큰을 그대로 두고 한 시간 기다리세요.",
    TemporaryError: "카카오 로그인 서버가 응답하지 않거나 잘못 응답합니다. 로그인은 그대로입니다.",
    TokenEndpointError: "카카오가 토큰 요청을 거절했습니다.",
    TokenStoreError: "토큰을 읽거나 저장할 수 없습니다.",
    KakaoError: "카카오 요청에 실패했습니다.",
}
"""What an error without a code that is known here comes down to; the first kind that fits."""
