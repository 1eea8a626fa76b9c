#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

/// The server's log: Poco::Logger "peer", whose channel and level LogOutput sets. Thread-safe; the
/// thread that has a line queues it, and never writes it to the file. Lines say what happened,
/// where, and what to do; never payloads, keys or tokens.
namespace peer {

/// Marks the message of log_counted_warning().
inline constexpr char kCountedLine[] = "counted";
/// Marks the message of log_change().
inline constexpr char kEveryLine[] = "every";

/// The subject of a line, beside its words: `peer`, `address`, `token` (the name of one) and
/// `target`, as members of a JSON line, or `name=value` behind a text line. `address` is left out
/// while log_addresses is off.
using LogFields = std::initializer_list<std::pair<const char*, std::string>>;

void log_error(const std::string& line);
void log_warning(const std::string& line, LogFields fields = {});
/// A warning that clients can cause over and over: of the same words within 10 s (RepeatFilter) one
/// is written, and then how many more there were.
void log_counted_warning(const std::string& line);
/// A line about something that an operator may want to change, and need not.
void log_notice(const std::string& line, LogFields fields = {});
/// A notice of what somebody with a right to it has changed: each is written, however many there
/// are.
void log_change(const std::string& line, const std::string& token, const std::string& target);
void log_info(const std::string& line);
void log_debug(const std::string& line, LogFields fields = {});
/// True when debug lines are written at all: ask before composing one.
[[nodiscard]] bool log_debug_enabled();
/// Whether lines may name addresses of clients (log_addresses). log_debug() sees to it itself.
void set_log_addresses(bool on);
[[nodiscard]] bool log_addresses_wanted();
/// Lines that came faster than the log took them, or that a full disk refused, since the start.
[[nodiscard]] std::uint64_t lost_log_lines();
void count_lost_log_line();

}  // namespace peer
