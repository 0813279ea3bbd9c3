#!/usr/bin/env bash
# Install the collector and its broker on a Debian 12 (or newer) server. Run as root from a checkout:
#   deploy/collector/install.sh
# Running it again upgrades the program and leaves configuration and data as they are.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || { echo "请用 root 运行 / run as root"; exit 1; }
# The system's own Python if it will do: one below somebody's home folder is closed to the service's user.
python=/usr/bin/python3
fits='import ensurepip, sys; sys.exit(sys.version_info < (3, 11))'
"$python" -c "$fits" 2>/dev/null || python=$(command -v python3)
"$python" -c "$fits" || { echo "需要 Python 3.11 和 python3-venv / Python 3.11 with python3-venv is needed"; exit 1; }

root=${ONEBOOK_ROOT:-}   # Another root folder, for images and for the test of this script.
systemd=${ONEBOOK_SYSTEMD:-yes}

if [ -z "$root" ]; then
  command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || { echo "先安装 / install first: apt-get install mosquitto"; exit 1; }
  id onebook-collector >/dev/null 2>&1 || useradd --system --home-dir /var/lib/onebook-collector --shell /usr/sbin/nologin onebook-collector
fi
install -d -m 0755 "$root/opt/onebook" "$root/etc/onebook" "$root/usr/local/share/doc/onebook"
"$python" -m venv "$root/opt/onebook/venv"
"$root/opt/onebook/venv/bin/pip" install --quiet --require-hashes -r requirements/collector.txt
"$root/opt/onebook/venv/bin/pip" install --quiet --no-deps .
install -m 0644 docs/operating/install_the_centre.md docs/operating/back_up_and_restore.md "$root/usr/local/share/doc/onebook/"
[ -e "$root/etc/onebook/collector.toml" ] || install -m 0640 deploy/collector/collector.sample.toml "$root/etc/onebook/collector.toml"
[ -n "$root" ] || chgrp onebook-collector /etc/onebook/collector.toml
install -D -m 0644 deploy/collector/onebook-collector.service "$root/etc/systemd/system/onebook-collector.service"
for unit in onebook-backup onebook-restore-drill; do
  install -m 0644 "deploy/collector/$unit.service" "deploy/collector/$unit.timer" "$root/etc/systemd/system/"
done
install -D -m 0644 deploy/broker/onebook.conf "$root/etc/mosquitto/conf.d/onebook.conf"
install -D -m 0644 deploy/broker/onebook.acl "$root/etc/mosquitto/onebook/onebook.acl"
install -D -m 0755 deploy/broker/place_certificates "$root/usr/local/lib/onebook/place_certificates"
install -D -m 0440 deploy/broker/onebook.sudoers "$root/etc/sudoers.d/onebook"
install -d -m 0750 "$root/var/lib/onebook-collector"
# The passphrase of the authority's key: apart from the data, so that a backup of the one does not hold the other.
passphrase="$root/etc/onebook/ca.passphrase"
[ -e "$passphrase" ] || (umask 077 && openssl rand -base64 32 >"$passphrase")
chmod 0640 "$passphrase"
if [ -z "$root" ]; then
  chgrp onebook-collector "$passphrase"
  chown onebook-collector:onebook-collector /var/lib/onebook-collector
fi
if [ "$systemd" = yes ] && [ -z "$root" ]; then
  systemctl daemon-reload
  systemctl enable onebook-collector
fi
# The key that signs checkpoints: without it the book proves nothing. One that is there stays: the sites hold what it signed.
make_key=("$root/opt/onebook/venv/bin/onebook" collector checkpoint-key init --if-none --config)
if [ -n "$root" ]; then
  "${make_key[@]}" <(echo "data_folder = \"$root/var/lib/onebook-collector\"")
else
  runuser -u onebook-collector -- "${make_key[@]}" /etc/onebook/collector.toml ||
    echo "✗ 更正配置后运行 / correct the configuration, then run: sudo -u onebook-collector ${make_key[*]} /etc/onebook/collector.toml"
fi
cat <<'TEXT'
已安装 / installed. 下一步 / next:
  1. 编辑 / edit       /etc/onebook/collector.toml
  2. 证书 / certificates, 登记 / register, 启动 / start: docs/operating/install_the_centre.md
  3. 备份 / back up    /usr/local/share/doc/onebook/back_up_and_restore.md
  4. 公钥交审计方 / give the auditor   /var/lib/onebook-collector/checkpoint.key.pub
TEXT
