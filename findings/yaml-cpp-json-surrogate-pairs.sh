#!/usr/bin/env bash
# yaml-cpp 0.7.0 refuses JSON text in which a character outside of the Basic Multilingual Plane is
# escaped as a surrogate pair, although YAML 1.2 is meant to take JSON. Configuration that a JSON
# library wrote ("\ud83d\ude00" is how many write an emoji) loads as JSON and fails as YAML.
#
# Seen: Debian 12, libyaml-cpp 0.7.0+dfsg-8+b1:
#   pair: refused: yaml-cpp: error at line 1, column 14: invalid unicode: 55357
#   literal: 4 bytes
# Needs: g++, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
version=0.7.0+dfsg-8+b1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q "libyaml-cpp-dev=$version" "libyaml-cpp0.7=$version" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.cc <<'PROGRAM'
#include <yaml-cpp/yaml.h>
#include <iostream>
int main() {
  const auto try_to_load = [](const char* name, const std::string& text) {
    try {
      const std::string value = YAML::Load(text)["a"].as<std::string>();
      std::cout << name << value.size() << " bytes\n";
    } catch (const std::exception& failure) {
      std::cout << name << "refused: " << failure.what() << '\n';
    }
  };
  try_to_load("pair: ", R"({"a": "\ud83d\ude00"})");
  try_to_load("literal: ", "{\"a\": \"\xf0\x9f\x98\x80\"}");
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -std=c++17 program.cc -Iroot/usr/include "$library/libyaml-cpp.so.0.7" -o program
LD_LIBRARY_PATH=$library ./program | tee output
grep -q '^pair: refused' output && grep -q '^literal: 4 bytes' output
