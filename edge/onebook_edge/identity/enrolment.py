"""Asking the centre for a certificate: the first one with a code, the next ones with the key of the present one."""

from __future__ import annotations

import http
import http.client
import json
import ssl

from pydantic import BaseModel, ValidationError

from onebook_edge.errors import RefusedError, RetryableError
from onebook_edge.identity.identity_file import Identity, IdentityFolder
from onebook_edge.identity.openssl import make_key, request_for, shown_certificates, sign
from onebook_schemas.enrolment import (
    PATH,
    RENEWAL_PATH,
    Enrolled,
    EnrolmentRequest,
    Invitation,
    RenewalRequest,
    fingerprint,
)
from onebook_schemas.tls import trusting

ANSWER_WITHIN_S = 20
ANSWER_BYTES_MAX = 100_000


def enrol(folder: IdentityFolder, edge_id: str, invitation: Invitation) -> Identity:
    """Make a key, get its certificate, put both in place. May be repeated when the answer was lost.

    Raises RetryableError when the centre cannot be reached, RefusedError when it says no or is not the one that invited.
    """
    centre = (invitation.host, invitation.port)
    context = trusting(_authority_of(invitation))
    folder.make()
    key = folder.pending(edge_id)
    make_key(key)
    asked = EnrolmentRequest(edge_id=edge_id, code=invitation.code, request_pem=request_for(key, edge_id))
    return folder.adopt(_post(centre, PATH, asked, context), centre)


def renew(folder: IdentityFolder, identity: Identity) -> Identity:
    """Make a new key, have it certified by word of the old one, put it in place. Raises RetryableError, RefusedError."""
    centre = (identity.centre_host, identity.centre_port)
    key = folder.pending(identity.edge_id)
    make_key(key)
    request = request_for(key, identity.edge_id)
    asked = RenewalRequest(
        edge_id=identity.edge_id,
        serial=identity.serial,
        request_pem=request,
        signature=sign(folder.file, request),
    )
    return folder.adopt(_post(centre, RENEWAL_PATH, asked, trusting(identity.ca_pem)), centre)


def _authority_of(invitation: Invitation) -> str:
    """The certificate of the authority that the invitation names, as the server shows it. Nothing has been said to it yet."""
    for shown in shown_certificates(invitation.host, invitation.port):
        if fingerprint(shown) == invitation.ca_fingerprint:
            return ssl.DER_cert_to_PEM_cert(shown)
    raise RefusedError(
        f"{invitation.host}:{invitation.port} 不是发码的中心 / is not the centre that gave out this code",
        "请核对登记码、地址与网络 / check code, address and network; nothing was sent",
    )


def _post(centre: tuple[str, int], path: str, asked: BaseModel, context: ssl.SSLContext) -> Enrolled:
    connection = http.client.HTTPSConnection(*centre, timeout=ANSWER_WITHIN_S, context=context)
    try:
        connection.request("POST", path, asked.model_dump_json(), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read(ANSWER_BYTES_MAX)
    except ssl.SSLCertVerificationError as error:
        what_to_do = "核对盒子时钟与中心证书 / check this box's clock, and the name in the centre's certificate"
        raise RetryableError(f"{centre[0]}:{centre[1]}: {error.verify_message}. {what_to_do}") from error
    except (OSError, http.client.HTTPException) as error:
        raise RetryableError(f"连不上中心 / cannot reach the centre {centre[0]}:{centre[1]}: {error}") from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.CREATED:
        raise _problem(answer.status, body)
    try:
        return Enrolled.model_validate_json(body)
    except ValidationError as error:
        raise RetryableError(f"中心的回答无法读取 / the centre's answer cannot be read: {error}") from error


def _problem(status: int, body: bytes) -> RefusedError | RetryableError:
    try:
        detail = str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"HTTP {status}"
    if status in (http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.NOT_FOUND) or status >= 500:
        return RetryableError(detail)
    return RefusedError(f"中心拒绝 / the centre refuses ({status})", detail)
