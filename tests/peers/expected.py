"""Tests of others that fail with our classes, by the sentence of the contract that wants it so."""

REQUESTS = {
    (
        "A session's own auth keeps .netrc out, as OAuth2Session's does; session.auth = None lets "
        "it in."
    ): [
        "tests/test_requests.py::TestRequests::test_basicauth_with_netrc",
        "tests/test_requests.py::TestRequests::test_basicauth_with_netrc_leak",
    ],
}

LEFT_OUT_OF_REQUESTS = [
    # They need a host that never answers.
    "tests/test_requests.py::TestTimeout::test_connect_timeout",
    "tests/test_requests.py::TestTimeout::test_total_timeout_connect",
]


def of_both_sessions(*names):
    """:returns: tests that the suite has twice, the second time with a .netrc."""
    file = "tests/test_oauth2_session.py"
    classes = "OAuth2SessionTest", "OAuth2SessionNetrcTest"
    return [f"{file}::{each}::{name}" for each in classes for name in names]


REQUESTS_OAUTHLIB = {
    "What is known of a login is in one state; the private attribute _client is not read.": (
        of_both_sessions("test_access_token_proxy", "test_client_id_proxy", "test_token_proxy")
    ),
    (
        "Status and body of an answer are read: the MagicMock of these tests has only a text. "
        "Kakao has no password grant. The client is never authenticated by Basic."
    ): of_both_sessions(
        "test_authorized_true",
        "test_cleans_previous_token_before_fetching_new_one",
        "test_fetch_token",
        "test_mtls",
        "test_pkce_web_app_fetch_token",
    ),
    "except TokenExpiredError: the session refreshes by itself. The refresh never uses Basic.": (
        of_both_sessions("test_refresh_token_request")
    ),
    "The form of a token request is built from our own fields: no compliance hook is called.": [
        "tests/test_compliance_fixes.py::FacebookComplianceFixTest::test_fetch_access_token",
        "tests/test_compliance_fixes.py::FitbitComplianceFixTest::test_fetch_access_token",
        "tests/test_compliance_fixes.py::FitbitComplianceFixTest::test_refresh_token",
        "tests/test_compliance_fixes.py::MailChimpComplianceFixTest::test_fetch_access_token",
        "tests/test_compliance_fixes.py::WeiboComplianceFixTest::test_fetch_access_token",
        "tests/test_compliance_fixes.py::SlackComplianceFixTest::test_protected_request",
        "tests/test_compliance_fixes.py::InstagramComplianceFixTest::test_protected_request",
        "tests/test_compliance_fixes.py::PlentymarketsComplianceFixTest::test_fetch_access_token",
        "tests/test_compliance_fixes.py::EbayComplianceFixTest::test_fetch_access_token",
        "tests/test_compliance_fixes.py::RefreshTokenRequestComplianceFixTest::test_access_token",
        "tests/test_compliance_fixes.py::RefreshTokenRequestComplianceFixTest::test_refresh_token",
    ],
}
