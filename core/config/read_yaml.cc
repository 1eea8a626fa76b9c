#include <algorithm>
#include <exception>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "core/config/read_text.h"
#include "core/config/text_bytes.h"
#include "core/config/yaml_scalar.h"

// YAML as a tree. In: the text of a file. Out: nodes with their lines, duplicate keys included, or
// the first thing that is wrong, with its line and without its text. No state, any thread.
//
// yaml-cpp's own tree takes duplicate keys silently and expands aliases; its events show both. Each
// event says where its text begins, so each scalar is compared with what the file says there.
namespace peer {
namespace {

using Kind = ConfigNode::Kind;
using Style = ConfigNode::Style;

/// Thrown through yaml-cpp to stop it, and caught in read_yaml().
struct Refused {
  SyntaxError error;
};

[[noreturn]] void refuse(int line, std::string message) {
  throw Refused{{line, std::move(message)}};
}

// yaml-cpp counts lines from 0.
int line_of(const YAML::Mark& mark) { return mark.line + 1; }

std::size_t position_of(const YAML::Mark& mark) { return static_cast<std::size_t>(mark.pos); }

/// Builds the tree of one document. `open_` holds the lists and maps that have not ended. `text` is
/// the text that yaml-cpp reads, as UTF-8 without a byte order mark: marks are positions in it.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  ConfigNode take() { return std::move(root_); }
  /// Where the latest scalar ended.
  [[nodiscard]] std::size_t last_end() const { return last_end_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    const bool is_marked = text_.substr(position_of(mark)).starts_with("---");
    refuse(line_of(mark), is_marked
                              ? "expected one document, got several; remove the '---' between them"
                              : "expected the end of the file, got more text; check the "
                                "indentation, and that each line is 'key: value'");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    add({.kind = Kind::kNull, .line = line_of(mark)});
  }

  /// Before the node that has the anchor. An alias needs one, so none gets by.
  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override {
    refuse(line_of(mark),
           "anchors and aliases are not supported; write the value again, or quote "
           "text that starts with '&'");
  }
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    // yaml-cpp's tags of untagged scalars: "?" plain, "!" quoted.
    if (tag != "?" && tag != "!") refuse_tag(mark);
    const auto end = check_yaml_scalar(text_, position_of(mark), value, expects_key());
    if (!end) refuse(line_of(mark), end.error().message);
    last_end_ = *end;
    add({.kind = Kind::kScalar,
         .style = tag == "!" ? Style::kQuoted : Style::kPlain,
         .line = line_of(mark),
         .key = {},
         .text = value});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    start(Kind::kList, mark, tag);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    start(Kind::kMap, mark, tag);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    ConfigNode node;
    bool has_key = false;  ///< in a map: the next node is the value of `key`
    std::string key = {};
    int key_line = 0;
  };

  [[noreturn]] static void refuse_tag(const YAML::Mark& mark) {
    refuse(line_of(mark), "tags are not supported; remove the tag, or quote the text");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == Kind::kMap && !open_.back().has_key;
  }

  void start(Kind kind, const YAML::Mark& mark, const std::string& tag) {
    // yaml-cpp reports some tags as none ("! x"), so the text is looked at, too.
    const bool has_tag = text_.substr(position_of(mark)).starts_with('!');
    if (has_tag || (!tag.empty() && tag != "?" && tag != "!")) refuse_tag(mark);
    if (static_cast<int>(open_.size()) >= kMaxConfigDepth) {
      refuse(line_of(mark), "nested too deeply");
    }
    if (expects_key()) {
      refuse(line_of(mark), "expected a key, got a list or map");
    }
    open_.push_back({.node = {.kind = kind, .line = line_of(mark)}});
  }

  void end() {
    ConfigNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(ConfigNode node) {
    if (++count_ > kMaxConfigNodes) refuse(node.line, "too many values");
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Kind::kList) {
      parent.node.children.push_back(std::move(node));
    } else if (parent.has_key) {
      node.key = std::move(parent.key);
      node.line = parent.key_line;
      parent.node.children.push_back(std::move(node));
      parent.has_key = false;
    } else {
      if (node.kind != Kind::kScalar) refuse(node.line, "expected a key, got nothing");
      parent.key = std::move(node.text);
      parent.key_line = node.line;
      parent.has_key = true;
    }
  }

  std::string_view text_;
  ConfigNode root_;
  std::vector<Open> open_;
  std::size_t last_end_ = 0;
  int documents_ = 0;
  int count_ = 0;
};

/// Lets yaml-cpp read memory that is not its own.
class MemoryBuffer final : public std::streambuf {
 public:
  explicit MemoryBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // setg() wants it; nothing writes through it
    setg(begin, begin, begin + text.size());
  }
};

/// yaml-cpp's message without what it quotes of the text.
std::string safe_message(const YAML::Exception& error) {
  if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
    return "anchors and aliases are not supported; quote text that starts with '*'";
  }
  return "YAML: " + error.msg.substr(0, error.msg.find(':'));
}

/// The first line with something outside of scalars that yaml-cpp takes and that settings do not
/// need.
std::optional<SyntaxError> find_bad_line(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with('%')) {
      return SyntaxError{line_at(text, begin), "directives are not supported; remove the line"};
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find('\r') != std::string_view::npos) {
      return SyntaxError{line_at(text, begin),
                         "a carriage return without a line feed; save the file with the line ends "
                         "of Unix"};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

SyntaxError error_of(const YAML::Exception& error, std::string_view text, std::size_t last_end) {
  if (error.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
    return {line_at(text, find_open_quote(text, last_end)), kOpenQuote};
  }
  return {error.mark.is_null() ? 1 : line_of(error.mark), safe_message(error)};
}

}  // namespace

ConfigTree read_yaml(std::string_view text) {
  if (auto bad = find_bad_bytes(text)) return std::move(*bad);
  if (auto bad = find_bad_line(text)) return std::move(*bad);
  MemoryBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(text);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const YAML::Exception& error) {
    return error_of(error, text, builder.last_end());
  } catch (const std::exception&) {
    return SyntaxError{1, "cannot be read as YAML"};
  }
}

}  // namespace peer
