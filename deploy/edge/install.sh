#!/usr/bin/env bash
# Install the edge agent on a Raspberry-Pi-class box with Debian 12 or newer. Run as root from a checkout:
#   deploy/edge/install.sh
# Running it again upgrades the program and leaves configuration and data as they are.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || { echo "请用 root 运行 / run as root"; exit 1; }
command -v openssl >/dev/null || { echo "先安装 / install first: apt-get install openssl"; exit 1; }
# The system's own Python if it will do: one below somebody's home folder is closed to the service's user.
python=/usr/bin/python3
fits='import ensurepip, sys; sys.exit(sys.version_info < (3, 11))'
"$python" -c "$fits" 2>/dev/null || python=$(command -v python3)
"$python" -c "$fits" || { echo "需要 Python 3.11 和 python3-venv / Python 3.11 with python3-venv is needed"; exit 1; }

root=${ONEBOOK_ROOT:-}   # Another root folder, for images and for the test of this script.
systemd=${ONEBOOK_SYSTEMD:-yes}

if [ -z "$root" ]; then
  id onebook >/dev/null 2>&1 || useradd --system --home-dir /var/lib/onebook-edge --shell /usr/sbin/nologin --groups dialout onebook
fi
install -d -m 0755 "$root/opt/onebook" "$root/etc/onebook" "$root/usr/local/share/doc/onebook"
"$python" -m venv "$root/opt/onebook/venv"
"$root/opt/onebook/venv/bin/pip" install --quiet --require-hashes -r requirements/edge.txt
"$root/opt/onebook/venv/bin/pip" install --quiet --no-deps .
install -m 0644 docs/operating/install_an_edge.md "$root/usr/local/share/doc/onebook/"
install -m 0644 collector/onebook_collector/reference/catalogue.csv "$root/etc/onebook/catalogue.csv"
[ -e "$root/etc/onebook/edge.toml" ] || install -m 0640 deploy/edge/edge.sample.toml "$root/etc/onebook/edge.toml"
install -d -m 0750 "$root/var/lib/onebook-edge"
[ -n "$root" ] || { chgrp onebook /etc/onebook/edge.toml; chown onebook:onebook /var/lib/onebook-edge; }
install -D -m 0644 deploy/edge/onebook-edge.service "$root/etc/systemd/system/onebook-edge.service"
install -D -m 0644 deploy/edge/50-onebook-journald.conf "$root/etc/systemd/journald.conf.d/50-onebook.conf"
install -D -m 0644 deploy/edge/99-onebook.rules "$root/etc/udev/rules.d/99-onebook.rules"
if [ "$systemd" = yes ] && [ -z "$root" ]; then
  udevadm control --reload
  systemctl daemon-reload
  systemctl try-restart systemd-journald
  systemctl enable onebook-edge
fi
cat <<'TEXT'
已安装 / installed. 下一步 / next:
  1. 编辑 / edit      /etc/onebook/edge.toml
  2. 登记 / enrol     /opt/onebook/venv/bin/onebook edge enroll --code ...   (码由中心给 / the centre gives the code)
  3. 检查 / check     /opt/onebook/venv/bin/onebook edge check-config
  4. 启动 / start     systemctl start onebook-edge
TEXT
