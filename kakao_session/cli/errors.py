"""Errors as sentences: what happened and what to do now. None of them shows a secret."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import IO, Any

import click
from requests import RequestException
from requests import exceptions as requests_errors

from kakao_session.cli import output
from kakao_session.cli.i18n import _, is_korean, mark, translated
from kakao_session.errors import (
    API,
    API_MESSAGES,
    KOE,
    ConfigurationError,
    KakaoAPIError,
    KakaoError,
    LoginRequiredError,
    RateLimitedError,
    ScopeRequiredError,
    TemporaryError,
    TokenEndpointError,
    TokenStoreError,
    as_command,
)
from kakao_session.refresher import NOT_SAVED
from kakao_session.token_endpoint import NO_PYSOCKS, NO_REST_API_KEY

FAILED = 1
"""Exit status of a command that could not do what it was asked to do."""

NO_KEY = mark(
    "No REST API key (console: App > Platform key). Pass --client-id or set KAKAO_REST_API_KEY."
)

NO_SECRET = mark(
    "Set KAKAO_CLIENT_SECRET to the client secret of this REST API key, or log in again with "
    "--store-secret to save it in the token file."
)

_IN_VAIN = mark(
    "The new access token could not be saved, so the next command refreshes the token again. {why}"
)

SHOWN_BY_KAKAO = ("KOE004", "KOE005", "KOE006", "KOE101", "KOE205")
"""Kakao shows these in the browser, and does not send it back."""

_SENTENCES = {
    NO_REST_API_KEY: NO_KEY,
    NOT_SAVED: _IN_VAIN.removesuffix(" {why}"),
    NO_PYSOCKS: mark(
        "HTTPS_PROXY or ALL_PROXY names a SOCKS proxy, which needs PySocks: pip install "
        '"requests[socks]"'
    ),
    KOE["KOE010"].hint: NO_SECRET,
    KOE["KOE101"].hint: mark(
        "Pass the app's REST API key, not one of its other keys: --client-id or KAKAO_REST_API_KEY."
    ),
    KOE["KOE237"].hint: mark("Keep the token file and wait an hour."),
    KOE["KOE303"].hint: mark("Run login again, with the same --redirect-uri or --port."),
    KOE["KOE313"].hint: mark("Run login again, and use the code of that login."),
    API[-402]: mark("Ask the user to agree: run login again with --scope and the required scopes."),
    API_MESSAGES["no authentication key"]: mark(
        "The call carried no token. Use a path or an https:// URL of kapi.kakao.com."
    ),
}
"""What the library says to a programmer, and what the user of the command can do instead."""

_LOG_IN = (KOE["KOE310"].hint, KOE["KOE322"].hint)
"""What the library says where the user of the command has to log in."""

_OPTIONS = {
    "client_id=": "--client-id",
    "client_secret=": "KAKAO_CLIENT_SECRET",
    "redirect_uri=": "--redirect-uri",
    "scope=": "--scope",
    "token_store=": "--token-file",
}
"""The same for single words."""

_KINDS: tuple[tuple[type[KakaoError], str], ...] = (
    (ScopeRequiredError, mark("The user has not agreed to this yet.")),
    (KakaoAPIError, mark("The Kakao API returned an error.")),
    (LoginRequiredError, mark("You have to log in.")),
    (ConfigurationError, mark("The app's settings are wrong.")),
    (RateLimitedError, mark("Too many token requests.")),
    (TemporaryError, mark("Kakao Login does not respond. You stay logged in.")),
    (TokenEndpointError, mark("Kakao refused the token request.")),
    (TokenStoreError, mark("Could not read or write the token file.")),
    (KakaoError, mark("The request to Kakao failed.")),
)
"""What to call an error whose message has no translation. The first kind that fits counts."""

_TOKEN_FILE = (
    mark("Could not read {place}: {why}."),
    mark("Could not save {place}: {why}."),
    mark("Could not lock {place}: {why}."),
    mark("Could not delete {place}: {why}."),
    mark("Could not decrypt the token in {place}: {why}."),
    mark(
        "the key is wrong, or the ciphertext is damaged. It was not changed. Use the key that it "
        "was encrypted with. If that is lost, delete the token and log in again"
    ),
    mark("{key} is not a string of visible ASCII characters"),
    _IN_VAIN,
    mark("No token in {place}."),
    mark("No refresh token in {place}."),
    mark("Expired refresh token in {place}."),
    mark(
        "it holds no token ({why}). It was not changed. Restore it, or move it away and run "
        "`{command}`"
    ),
    mark(
        "another program or thread has held {lock} for more than {seconds} seconds. Find the one "
        "that hangs (`fuser {lock}`), end it and try again"
    ),
    mark("{lock}: {reason}. This file system has no locks. Keep the token on another one"),
    mark("{reason}. Let this user read and write the file and its folder, or choose another place"),
    mark("{reason}. Choose a place that can be written to"),
    mark("{reason}. Free some space there"),
    mark("{reason}. Raise the limit of this user for the size of files (ulimit -f)"),
    mark("{reason}. Choose a file, not a folder"),
    mark("{reason}. There is a file where a folder should be. Choose another place"),
    mark("{reason}. Check where the symbolic link there leads, and remove it"),
    mark("{reason}. Choose a place with a shorter path"),
    mark("{reason}. Choose a regular file"),
    mark(
        "{reason}. The file is mounted on its own. Mount its folder instead, or let this user "
        "write the file"
    ),
    mark("{reason}. Restart the container with the folder mounted instead of the file"),
    mark("{reason}. Check the disk and the folder"),
    mark("not JSON"),
    mark("not UTF-8"),
    mark("an empty JSON object"),
    mark("a JSON {kind}, not an object"),
    mark("it is larger than 1 MiB"),
    mark("neither access_token nor refresh_token is there"),
    mark("this is Kakao's error answer, not a token"),
    mark("this is Kakao's error answer {code}, not a token: {meaning}. {hint}"),
    mark("this is Kakao's error answer {code}, not a token"),
    mark(
        "its keys are in camelCase: rename them to access_token, refresh_token, expires_at and "
        "refresh_token_expires_at"
    ),
    mark("the token is nested under {key}: only that inner object is the token"),
)
"""What the library says of a token file. They are taken apart to be translated."""

_NETWORK: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (
        requests_errors.SSLError,
        mark(
            "Could not verify the server's certificate ({kind}). Check REQUESTS_CA_BUNDLE and the "
            "clock of this machine."
        ),
    ),
    (  # the last two are about the proxy's URL: the user's own was checked before
        (requests_errors.ProxyError, requests_errors.InvalidURL, requests_errors.InvalidSchema),
        mark("Could not connect through the proxy ({kind}). Check HTTPS_PROXY and ALL_PROXY."),
    ),
    (
        requests_errors.Timeout,
        mark("The server did not answer in time ({kind}). Try again later."),
    ),
    (
        requests_errors.ConnectionError,
        mark("Could not connect to the server ({kind}). Check your network."),
    ),
    (
        (
            requests_errors.JSONDecodeError,
            requests_errors.ContentDecodingError,
            requests_errors.ChunkedEncodingError,
        ),
        mark("Could not read the server's answer ({kind}). Try again later."),
    ),
    (requests_errors.RequestException, mark("Could not send the request ({kind}).")),
    (
        OSError,
        mark("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that cannot be read ({kind})."),
    ),
    (Exception, mark("Could not send the request ({kind}).")),
)
"""What to say about an error of the network. The first kind that fits counts."""


class Failure(click.ClickException):
    """The command can't do what it was asked to do.

    :param message: why, and what to do now.
    """

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        output.error(self.message)


class TokenFileError(TokenStoreError):
    """The token file can't be used. The message is in the user's language."""


def explain(error: Exception) -> str:
    """:returns: what happened and what to do, for an error of Kakao, a store or the network."""
    if not isinstance(error, KakaoError):
        return _explain_network(error)
    cause = error.__cause__
    if isinstance(error, TemporaryError) and isinstance(cause, Exception):
        why = _explain_network(cause)
        is_local = isinstance(cause, OSError) and not isinstance(cause, RequestException)
        return why if is_local else f"{_(_kind(error))} {why}"
    return f"{_what_happened(error)} {hint(error)}".rstrip()


def explain_usage(error: click.UsageError) -> str:
    """:returns: what is wrong with a command line, without what the user typed: it may be a secret.

    click's own messages repeat it, and are in English.
    """
    if isinstance(error, click.NoSuchOption):
        return _("There is no option {name}.", name=error.option_name) + _similar(error)
    if isinstance(error, click.BadOptionUsage):
        if "requires" in error.message:
            return _("{name} needs a value.", name=error.option_name)
        return _("{name} takes no value.", name=error.option_name)
    if isinstance(error, click.BadParameter):
        return _explain_parameter(error)
    if error.message.startswith("No such command"):
        return _("There is no command of this name.") + _similar(error)
    if error.message.startswith("Got unexpected extra argument"):
        return _("Too many arguments.")
    return error.message


def hint(error: KakaoError) -> str:
    """:returns: what to do about an error; empty if its message says so."""
    if isinstance(error, ScopeRequiredError) and error.required_scopes:
        options = [word for scope in error.required_scopes for word in ("--scope", scope)]
        command = command_for_login("login", *options)
        return _("To ask the user to agree, run: {command}", command=command)
    return _hint(getattr(error, "hint", None) or "")


def command_for_login(*words: str) -> str:
    """:returns: a command for the login that this command was about: the same ``--token-file``."""
    context = click.get_current_context(silent=True)
    token_file = context.meta.get("--token-file") if context else None
    return as_command(
        "kakao-session", *words, *(["--token-file", token_file] if token_file else [])
    )


def explain_warning(text: str) -> str:
    """:returns: a warning of the library, in the words of the command."""
    return translated(with_options(text), _TOKEN_FILE)


def why_no_token(error: ValueError) -> str:
    """:returns: why there is no token in a file, without the last full stop."""
    return translated(with_options(str(error)), _TOKEN_FILE).rstrip(".")


def with_options(text: str) -> str:
    """:returns: a text of the library that names options instead of Python's keywords."""
    for sentence, ours in _SENTENCES.items():
        text = text.replace(sentence, ours)
    return re.sub(rf"\b({'|'.join(_OPTIONS)})", lambda word: _OPTIONS[word[0]], text)


def fixes() -> str:
    """:returns: a line for each error that only Kakao's own page shows, with what fixes it."""
    return "\n".join(f"    {code}: {_fix(code)}" for code in SHOWN_BY_KAKAO)


def _fix(code: str) -> str:
    return f"{_(KOE[code].meaning)}. {_hint(KOE[code].hint)}"


def _hint(text: str) -> str:
    if command := re.search("`(kakao-session login[^`]*)`", text):
        return _("Run: {command}", command=command[1])
    if text in _LOG_IN:
        return _("Run: {command}", command=command_for_login("login"))
    return _(with_options(text))


def _what_happened(error: KakaoError) -> str:
    if isinstance(error, TokenEndpointError) and error.error_code in KOE:
        meaning = _(KOE[error.error_code].meaning)
        return f"{meaning} ({error.error_code}, HTTP {error.status_code})."
    if isinstance(error, TemporaryError) and error.status_code is not None:
        return f"{_(KOE['KOE003'].meaning)} (HTTP {error.status_code})."
    if isinstance(error, TokenFileError):
        return str(error)
    english = with_options(str(error).removesuffix(getattr(error, "hint", None) or "").rstrip())
    text = translated(english, _TOKEN_FILE)
    if not is_korean() or text != english:
        return text
    return f"{_(_kind(error))} ({english})"


def _kind(error: KakaoError) -> str:
    return next(name for kind, name in _KINDS if isinstance(error, kind))


def _explain_parameter(error: click.BadParameter) -> str:
    hint: Any = error.param.get_error_hint(error.ctx) if error.param else error.param_hint
    name = str(hint).replace("'", "")
    if isinstance(error, click.MissingParameter):
        return _("{name} is missing.", name=name)
    return f"{name}: {_problem(error)}"


def _problem(error: click.BadParameter) -> str:
    """:returns: what is wrong with a value. The messages of our own types say so themselves."""
    kind = error.param.type if error.param else None
    if isinstance(kind, click.Choice):
        return _("It must be one of {choices}.", choices=", ".join(map(str, kind.choices)))
    if isinstance(kind, click.IntRange) and kind.max is not None:
        return _("It must be a number from {least} to {most}.", least=kind.min, most=kind.max)
    if isinstance(kind, click.IntRange):
        return _("It must be a number, {least} or more.", least=kind.min)
    if isinstance(kind, click.Path) and "does not exist" in error.message:
        return _("This file does not exist.")
    if folder := re.search(r"(['\"])(.+)\1 is a directory", error.message):
        return _("{path} is a folder.", path=folder[2])
    return error.message


def _similar(error: click.UsageError) -> str:
    typed = getattr(error, "option_name", None) or getattr(error, "command_name", None) or ""
    known = getattr(error, "possibilities", None) or []
    names = get_close_matches(typed, [*known])
    return f" {_('Did you mean {names}?', names=', '.join(names))}" if names else ""


def _explain_network(error: Exception) -> str:
    # The error's own message would show the whole URL.
    if isinstance(error, requests_errors.InvalidSchema) and "SOCKS" in str(error):
        return _(_SENTENCES[NO_PYSOCKS])
    message = next(message for kind, message in _NETWORK if isinstance(error, kind))
    return _(message, kind=type(error).__name__)
