#!/usr/bin/env bash
# yaml-cpp 0.7.0 makes of the escapes "\_" (no-break space) and "\N" (next line) one byte each that is no
# UTF-8: 0xA0 and 0x85 instead of C2 A0 and C2 85. Text of a valid document is then refused, or shown with a
# replacement character, by what it is given to: JSON, WebSocket, a database. "\xa0" and "\u00a0", the same
# characters by number, are written well, and so are "\L" and "\P" beside them. Emitters use "\_" and "\N":
# PyYAML writes both by default, and reads them back well.
#
# Seen: Debian 12, libyaml-cpp 0.7.0+dfsg-8+b1, python3-yaml 6.0-3+b2:
#   PyYAML writes U+00A0 as "\_" and U+0085 as "\N"
#   "\_": a0
#   "\N": 85
#   "\xa0": c2a0
#   "\u0085": c285
#   "\L": e280a8
# Needs: g++, /usr/bin/python3 of Debian 12, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=0.7.0+dfsg-8+b1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q "libyaml-cpp-dev=$version" "libyaml-cpp0.7=$version" python3-yaml=6.0-3+b2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.py <<'PROGRAM'
import yaml
space, line = (yaml.dump(text).strip() for text in ('\u00a0', '\u0085'))
print(f'PyYAML writes U+00A0 as {space} and U+0085 as {line}')
PROGRAM
cat >program.cc <<'PROGRAM'
#include <yaml-cpp/yaml.h>
#include <cstdio>
int main() {
  for (const char* text : {R"("\_")", R"("\N")", R"("\xa0")", R"("\u0085")", R"("\L")"}) {
    std::printf("%s: ", text);
    for (const unsigned char byte : YAML::Load(text).as<std::string>()) std::printf("%02x", byte);
    std::printf("\n");
  }
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -std=c++17 program.cc -Iroot/usr/include "$library/libyaml-cpp.so.0.7" -o program
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 program.py | tee output
LD_LIBRARY_PATH=$library ./program | tee -a output
cmp -s output - <<'EXPECTED'
PyYAML writes U+00A0 as "\_" and U+0085 as "\N"
"\_": a0
"\N": 85
"\xa0": c2a0
"\u0085": c285
"\L": e280a8
EXPECTED
