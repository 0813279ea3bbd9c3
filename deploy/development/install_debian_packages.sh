#!/usr/bin/env bash
# Install those of the named Debian packages that are missing, when this user may. Never asks, never fails: what stays
# missing is named, and the tests that need it say so themselves.
set -u
missing=()
for package in "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "not Debian: please install ${missing[*]} yourself"; exit 0; }
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || { echo "no right to install: please run  apt-get install ${missing[*]}"; exit 0; }
  sudo=(sudo -n)
fi
echo "installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
# A policy that forbids starting services: the project starts its own, private ones.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ] && [ "$(id -u)" -eq 0 ]; then printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; made_policy=yes; fi
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || echo "could not install all of: ${missing[*]}"
[ "$made_policy" = yes ] && rm -f "$policy"
exit 0
