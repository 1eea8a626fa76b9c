#include "core/plugin/elf_check.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

namespace peer {
namespace {

using sdk::Error;
using sdk::Result;
using FileHeader = ElfW(Ehdr);
using ProgramHeader = ElfW(Phdr);

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#else
#error "name this processor's ELF machine here"
#endif
constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

template <typename Header>
bool read_at(std::ifstream& file, std::uint64_t offset, Header& header) {
  file.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(file.read(reinterpret_cast<char*>(&header), sizeof header));
}

bool within(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

Result<void> check_file_header(const FileHeader& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return Error{"not a shared object"};
  if (header.e_ident[EI_CLASS] != kClass || header.e_machine != kMachine) {
    return Error{"built for another processor; rebuild it for this one"};
  }
  if (header.e_type != ET_DYN) return Error{"an ELF file, but not a shared object"};
  if (header.e_phentsize != sizeof(ProgramHeader)) return Error{"damaged ELF header"};
  return {};
}

}  // namespace

Result<void> check_elf_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::uint64_t file_size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return Error{"cannot be read; check its permissions"};

  FileHeader header{};
  if (!read_at(file, 0, header)) return Error{"not a shared object"};
  if (Result<void> checked = check_file_header(header); !checked) return checked;

  const Error truncated{"truncated; copy or build it again"};
  if (!within(header.e_phoff, std::uint64_t{header.e_phnum} * header.e_phentsize, file_size)) {
    return truncated;
  }
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    ProgramHeader segment{};
    if (!read_at(file, header.e_phoff + i * header.e_phentsize, segment)) return truncated;
    if (!within(segment.p_offset, segment.p_filesz, file_size)) return truncated;
  }
  return {};
}

}  // namespace peer
