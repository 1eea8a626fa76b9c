#include "tools/plugin-check/symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

// In: the bytes of an ELF file, of which any offset may be wrong. Out: the names in its table of
// dynamic symbols, and of the libraries that it wants.
namespace peer::plugin_check {
namespace {

using sdk::Error;
using sdk::Result;
using FileHeader = ElfW(Ehdr);
using SectionHeader = ElfW(Shdr);
using Symbol = ElfW(Sym);
using Dynamic = ElfW(Dyn);

/// What a linker writes into every shared object, for those that look at memory.
constexpr std::array<std::string_view, 6> kOfTheLinker{"_init",       "_fini", "_edata",
                                                       "__bss_start", "_end",  "_fbss"};

class Image {
 public:
  explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}

  template <typename Entry>
  [[nodiscard]] std::optional<Entry> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || sizeof(Entry) > bytes_.size() - offset) return std::nullopt;
    Entry entry;
    std::memcpy(&entry, bytes_.data() + offset, sizeof entry);
    return entry;
  }
  /// The entries of a section; fewer where it reaches beyond the end of the file.
  template <typename Entry>
  [[nodiscard]] std::vector<Entry> table(const SectionHeader& section) const {
    std::vector<Entry> entries;
    for (std::uint64_t at_byte = 0; at_byte + sizeof(Entry) <= section.sh_size;
         at_byte += sizeof(Entry)) {
      const auto entry = at<Entry>(section.sh_offset + at_byte);
      if (!entry) break;
      entries.push_back(*entry);
    }
    return entries;
  }
  [[nodiscard]] std::string text(const SectionHeader& strings, std::uint64_t offset) const {
    if (offset >= strings.sh_size || strings.sh_offset > bytes_.size()) return {};
    const std::uint64_t start = strings.sh_offset + offset;
    const std::size_t end = start < bytes_.size() ? bytes_.find('\0', start) : std::string::npos;
    return end == std::string::npos ? std::string() : bytes_.substr(start, end - start);
  }

 private:
  const std::string bytes_;
};

/// "_ZNKSt6vectorI..." and the like, and their tables of functions and types: the standard
/// library's templates are visible, whatever a compiler is told of the rest, so that they are the
/// same everywhere.
bool is_of_the_standard_library(std::string_view name) {
  if (!name.starts_with("_Z")) return false;
  name.remove_prefix(2);
  for (const char* table : {"TV", "TI", "TS", "TT", "GV"}) {
    if (name.starts_with(table)) name.remove_prefix(2);
  }
  while (!name.empty() && std::string_view("ZNKLrVRO").find(name.front()) != name.npos)
    name.remove_prefix(1);
  return name.starts_with("St") || name.starts_with("Sa") || name.starts_with("Ss") ||
         name.starts_with("9__gnu_cxx") || name.starts_with("10__cxxabiv");
}

bool is_exported(const Symbol& symbol, const std::string& name) {
  const unsigned binding = ELF64_ST_BIND(symbol.st_info);
  const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  const bool visible = visibility == STV_DEFAULT || visibility == STV_PROTECTED;
  // What headers of other libraries leave here is weak: the same wherever it is.
  const bool is_own = binding == STB_GLOBAL || binding == STB_GNU_UNIQUE;
  return symbol.st_shndx != SHN_UNDEF && is_own && visible && !name.empty() &&
         !is_of_the_standard_library(name) &&
         std::find(kOfTheLinker.begin(), kOfTheLinker.end(), name) == kOfTheLinker.end();
}

std::string in_cpp(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text != nullptr ? text.get() : name;
}

}  // namespace

Result<Symbols> read_symbols(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const Image image(std::string(std::istreambuf_iterator<char>(stream), {}));
  const auto header = image.at<FileHeader>(0);
  if (!header || header->e_shentsize != sizeof(SectionHeader))
    return Error{"its table of sections cannot be read"};
  std::vector<SectionHeader> sections;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = image.at<SectionHeader>(header->e_shoff + i * sizeof(SectionHeader));
    if (section) sections.push_back(*section);
  }
  Symbols symbols;
  for (const SectionHeader& section : sections) {
    if (section.sh_link >= sections.size()) continue;
    const SectionHeader& strings = sections[section.sh_link];
    if (section.sh_type == SHT_DYNSYM) {
      for (const Symbol& symbol : image.table<Symbol>(section)) {
        const std::string name = image.text(strings, symbol.st_name);
        if (is_exported(symbol, name)) symbols.exported.push_back(in_cpp(name));
      }
    } else if (section.sh_type == SHT_DYNAMIC) {
      for (const Dynamic& entry : image.table<Dynamic>(section)) {
        if (entry.d_tag == DT_NEEDED)
          symbols.needed.push_back(image.text(strings, entry.d_un.d_val));
      }
    }
  }
  std::sort(symbols.exported.begin(), symbols.exported.end());
  return symbols;
}

}  // namespace peer::plugin_check
