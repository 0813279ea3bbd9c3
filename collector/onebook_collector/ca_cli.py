"""`onebook ca`: the certificate authority of the centre, enrolment codes for boxes, revocation."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import segno
from cryptography import x509

from onebook_collector.administration.audit import AuditEntry, write_audit
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.certificates import registry
from onebook_collector.certificates.authority import FileAuthority, Profile, new_key, pem, write_file
from onebook_collector.certificates.eviction import end_session, tell_broker
from onebook_collector.certificates.office import CertificateOffice
from onebook_collector.clock import SystemClock, utc
from onebook_collector.errors import CollectorError, ConfigurationError, NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import register_edge
from onebook_collector.logs import configure_logging
from onebook_collector.settings import CollectorSettings, load_settings
from onebook_collector.wiring import open_ledger, open_office, stored_passphrase
from onebook_schemas.enrolment import COLLECTOR_NAME_EXAMPLE, Invitation
from onebook_schemas.identifiers import is_edge_id

DEFAULT_CONFIGURATION = Path("/etc/onebook/collector.toml")


def main(arguments: Sequence[str]) -> int:
    """Exit codes: 0 done, 1 it failed, 2 the configuration or the call is wrong."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load_settings(asked.config)
        configure_logging("ERROR")
        settings.data_folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(asked.run(settings, asked))
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"✗ {problem}", file=sys.stderr)
        return 2
    except CollectorError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onebook ca", description="证书与登记 / certificates and enrolment")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--config", type=Path, default=DEFAULT_CONFIGURATION, help="TOML file of the collector")
        added.set_defaults(run=run)
        return added

    making = command(
        "init", _init, "建立证书机构 / make the authority; its passphrase comes from file, environment or prompt"
    )
    making.add_argument("--name", default="onebook CA", help="name of the authority")
    server = command("issue-server", _issue_server, "签发服务器证书 / key and certificate for broker and API")
    server.add_argument(
        "--name", action="append", help="DNS name or IP address; repeat for more (default: certificates.address)"
    )
    collector = command("issue-collector", _issue_collector, "签发中心证书 / key and certificate of a collector")
    collector.add_argument("--name", default=COLLECTOR_NAME_EXAMPLE, help="as in the access list of the broker")
    for one in (server, collector):
        one.add_argument("--into", type=Path, help="folder (default: tls below the data folder)")
        one.add_argument("--days", type=int, default=825, help="life of the certificate")
    code = command("enrolment-code", _enrolment_code, "登记码 / a one-time code with which a box enrols; shown once")
    code.add_argument("--edge", required=True, help="edge_id")
    code.add_argument("--site", required=True, help="site_id where it stands")
    code.add_argument("--valid-hours", type=int, default=48)
    code.add_argument("--svg", type=Path, help="write the QR to this file, for printing")
    revoking = command("revoke", _revoke, "吊销 / revoke every certificate of an edge, or one; the broker is told")
    which = revoking.add_mutually_exclusive_group(required=True)
    which.add_argument("--edge", help="edge_id, or the name of a collector")
    which.add_argument("--serial", help="serial number, as `list` shows it")
    revoking.add_argument("--reason", required=True, help="why, for the audit log")
    listing = command("list", _list, "列出证书 / every certificate and its state")
    listing.add_argument("--all", action="store_true", help="those that have ended too")
    command("crl", _crl, "重写吊销列表 / write the revocation list anew")
    showing = command("show", _show, "显示 / the authority, or one certificate in full")
    showing.add_argument("serial", nargs="?", help="serial number, as `list` shows it")
    return parser


async def _init(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    passphrase = stored_passphrase(settings) or _asked_passphrase(new=True)
    if not passphrase:
        raise ConfigurationError(["口令为空 / the passphrase is empty"])
    now_ms = SystemClock().now_ms()
    FileAuthority.create(settings.authority_folder, asked.name, passphrase, utc(now_ms))
    async with _opened_office(settings, passphrase) as office:
        await office.write_revocation_list()
        entry = AuditEntry(_actor(), "authority.create", office.ca_fingerprint)
        await office.store.write(lambda connection: write_audit(connection, entry, now_ms))
        print(f"✓ 证书机构 / authority: {settings.authority_folder}  {office.ca_fingerprint}")
    print("  请另存 ca.key 与口令 / keep copies of ca.key and of the passphrase, apart from each other.")


async def _issue_server(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    names = tuple(asked.name or filter(None, [settings.certificates.address]))
    if not names:
        raise ConfigurationError(["--name: 缺少 / missing, and certificates.address is not set"])
    await _issue(settings, asked, names[0], Profile.SERVER, names)


async def _issue_collector(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    if is_edge_id(asked.name):
        raise ConfigurationError(
            [f"--name {asked.name}: 可能与采集端重名 / an edge could have this name; put a dot into it"]
        )
    await _issue(settings, asked, asked.name, Profile.COLLECTOR, ())


async def _issue(
    settings: CollectorSettings, asked: argparse.Namespace, subject: str, profile: Profile, names: tuple[str, ...]
) -> None:
    folder: Path = asked.into or settings.tls_folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    async with _opened_office(settings) as office:
        key, key_pem = new_key()
        issued = await office.issue(subject, profile, key, names=names, days=asked.days, actor=_actor())
        authority = pem(office.authority.certificate)
    write_file(folder / f"{profile}.key", key_pem, mode=0o600)
    write_file(folder / f"{profile}.crt", issued.pem.encode("ascii") + authority, mode=0o644)
    write_file(folder / "ca.crt", authority, mode=0o644)
    print(
        f"✓ {profile} {subject}: {folder}/{profile}.crt, {profile}.key, ca.crt; 有效至 / until {_day(issued.not_after_ms)}"
    )


async def _enrolment_code(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    if not is_edge_id(asked.edge):
        raise ConfigurationError(
            [f"--edge {asked.edge}: 小写字母、数字、减号 / lower case letters, digits, hyphens; 2 to 63"]
        )
    ledger = await open_ledger(settings)
    try:
        sites = [site.site_id for site in await ledger.read(queries.sites)]
        if asked.site not in sites:
            raise NotFoundError(f"没有仓库 / no site {asked.site!r}; onebook collector import --sites sites.csv")
        await ledger.write(lambda book: register_edge(book, asked.edge, asked.site))
    finally:
        await ledger.close()
    async with _opened_office(settings) as office:
        invitation = await office.invite(asked.edge, asked.site, valid_hours=asked.valid_hours, actor=_actor())
    _show_invitation(invitation, asked.svg)
    print(
        f"\n{asked.edge} @ {asked.site}: {asked.valid_hours} 小时内有效，仅显示一次 / good for {asked.valid_hours} h, shown once"
    )
    print(f"在盒子上 / on the box:  onebook edge enroll --code {invitation.text()}")


def _show_invitation(invitation: Invitation, svg: Path | None) -> None:
    code = segno.make(invitation.text(), error="m", micro=False)
    if svg is not None:
        code.save(str(svg), kind="svg", scale=4)
    code.terminal(compact=True)


async def _revoke(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    async with _opened_office(settings) as office:
        revoked = await office.revoke(subject=asked.edge, serial=asked.serial, reason=asked.reason, actor=_actor())
        authority = office.authority
    if not revoked:
        raise RefusedError("nothing_to_revoke", "没有有效证书 / no valid certificate of this name; see onebook ca list")
    for one in revoked:
        print(f"✓ 已吊销 / revoked: {one.subject} {one.serial}")
    if await _tell_broker(settings) and settings.broker.tls is not None:
        for subject in {one.subject for one in revoked if one.profile is Profile.EDGE}:
            address = settings.broker.host, settings.broker.port
            await end_session(address, subject, authority, utc(SystemClock().now_ms()))
            print(f"✓ 会话已断开 / session ended: {subject}")


async def _list(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    now_ms = SystemClock().now_ms()
    async with contextlib.aclosing(await AdministrationStore.open(settings.administration_path)) as store:
        for one in await store.read(registry.certificates):
            days = (one.not_after_ms - now_ms) // 86_400_000
            state = one.state if days >= 0 else "ended"
            if asked.all or state != "ended":
                print(
                    f"{one.subject:<24} {one.profile:<10} {state:<11} {_day(one.not_after_ms)} ({days:>4} d)  {one.serial}"
                )


async def _crl(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    async with _opened_office(settings) as office:
        await office.write_revocation_list()
    print(f"✓ {settings.crl_path}")
    await _tell_broker(settings)


async def _show(settings: CollectorSettings, asked: argparse.Namespace) -> None:
    if asked.serial is None:
        found = x509.load_pem_x509_certificate((settings.authority_folder / "ca.crt").read_bytes())
        print(
            f"{found.subject.rfc4514_string()}  until {found.not_valid_after_utc:%Y-%m-%d}\n{pem(found).decode()}",
            end="",
        )
        return
    async with contextlib.aclosing(await AdministrationStore.open(settings.administration_path)) as store:
        one = await store.read(lambda connection: registry.certificate_of_serial(connection, asked.serial))
    if one is None:
        raise NotFoundError(f"没有这张证书 / no certificate has the serial {asked.serial}")
    print(f"{one.subject}  {one.profile}  {one.state}  {_day(one.not_before_ms)} - {_day(one.not_after_ms)}")
    print(f"{one.revoked_because or ''}\n{one.pem}", end="")


@contextlib.asynccontextmanager
async def _opened_office(
    settings: CollectorSettings, passphrase: bytes | None = None
) -> AsyncIterator[CertificateOffice]:
    async with contextlib.aclosing(await AdministrationStore.open(settings.administration_path)) as store:
        yield open_office(settings, store, passphrase or stored_passphrase(settings) or _asked_passphrase(new=False))


def _asked_passphrase(*, new: bool) -> bytes:
    if not sys.stdin.isatty():
        raise ConfigurationError(["certificates.passphrase_file: 缺少 / missing; or set ONEBOOK_CA_PASSPHRASE"])
    passphrase = getpass.getpass("证书机构口令 / passphrase of the authority: ")
    if new and getpass.getpass("再输一次 / once more: ") != passphrase:
        raise ConfigurationError(["两次不同 / the two are not the same"])
    return passphrase.encode()


async def _tell_broker(settings: CollectorSettings) -> bool:
    """Have the broker read the list again; False when nobody has said how. Raises RefusedError when it has not.

    Until it has, whoever is revoked still gets in.
    """
    if not settings.certificates.reload_command:
        print(
            f"! 请让代理重读 / make the broker read it again: {settings.crl_path} (certificates.reload_command is not set)"
        )
        return False
    await tell_broker(settings.certificates.reload_command)
    print("✓ 代理已重读 / the broker has read it")
    return True


def _actor() -> str:
    return f"command line:{os.environ.get('SUDO_USER') or getpass.getuser()}"


def _day(at_ms: int) -> str:
    return f"{utc(at_ms):%Y-%m-%d}"
