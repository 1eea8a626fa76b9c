#!/usr/bin/env bash
# Boost.DLL 1.74 and 1.81: shared_library::load(path, error_code) says "Bad file descriptor" whatever went
# wrong: no such file, a file that is no library, a library with a symbol that nobody defines. The code is a
# constant on POSIX, and no file descriptor is involved: errc::no_such_file_or_directory never comes, so the
# code cannot tell a plugin that is not there from one that is broken. The cause is only in the text of the
# exception that load(path) throws, in brackets, before the same "Bad file descriptor".
#
# Seen: Debian 12, libboost1.74-dev 1.74.0+ds1-21 and libboost1.81-dev 1.81.0-5+deb12u1, both the same:
#   missing: 9 Bad file descriptor
#     thrown: ./missing.so: cannot open shared object file: No such file or directory
#   text: 9 Bad file descriptor
#     thrown: ./text.so: file too short
#   undefined: 9 Bad file descriptor
#     thrown: ./undefined.so: undefined symbol: _Z7nowherev
# Needs: g++, apt-get. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libboost1.74-dev=1.74.0+ds1-21 libboost1.81-dev=1.81.0-5+deb12u1 >/dev/null 2>&1
for version in 1.74 1.81; do
  dpkg-deb --fsys-tarfile libboost"$version"-dev_*.deb | (mkdir "$version" && tar -x -C "$version" ./usr/include)
done
echo 'no library' >text.so
echo 'int nowhere(); int f() { return nowhere(); }' | g++ -shared -fPIC -x c++ - -o undefined.so
cat >program.cc <<'PROGRAM'
#include <boost/dll/shared_library.hpp>
#include <iostream>
#include <system_error>
int main() {
  int same = 0;
  for (const std::string name : {"missing", "text", "undefined"}) {
    const std::string path = "./" + name + ".so";
    std::error_code code;
    boost::dll::shared_library library;
    library.load(path, code, boost::dll::load_mode::rtld_now);
    std::cout << name << ": " << code.value() << ' ' << code.message() << '\n';
    same += code == std::errc::bad_file_descriptor ? 1 : 0;
    try {
      library.load(path, boost::dll::load_mode::rtld_now);
    } catch (const std::exception& failure) {
      const std::string text = failure.what();
      const auto begin = text.find(path);
      std::cout << "  thrown: " << text.substr(begin, text.rfind(')') - begin) << '\n';
    }
  }
  return same == 3 ? 0 : 1;
}
PROGRAM
for version in 1.74 1.81; do
  g++ -w -std=c++17 -DBOOST_DLL_USE_STD_FS -isystem "$version"/usr/include program.cc -ldl -o "program$version"
  echo "Boost $version"
  "./program$version"
done
