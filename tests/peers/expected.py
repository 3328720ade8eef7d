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

REQUESTS_OAUTHLIB = {
    "What is known of a login is in one state; the private attribute _client is not read.": [
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_access_token_proxy",
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_client_id_proxy",
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_token_proxy",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_access_token_proxy",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_client_id_proxy",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_token_proxy",
    ],
    (
        "Status and body of an answer are read: the MagicMock of these tests has only a text. "
        "Kakao has no password grant. The client is never authenticated by Basic."
    ): [
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_authorized_true",
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_cleans_previous_token_before_fetching_new_one",
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_fetch_token",
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_mtls",
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_pkce_web_app_fetch_token",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_authorized_true",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_cleans_previous_token_before_fetching_new_one",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_fetch_token",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_mtls",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_pkce_web_app_fetch_token",
    ],
    "except TokenExpiredError: the session refreshes by itself. The refresh never uses Basic.": [
        "tests/test_oauth2_session.py::OAuth2SessionTest::test_refresh_token_request",
        "tests/test_oauth2_session.py::OAuth2SessionNetrcTest::test_refresh_token_request",
    ],
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
