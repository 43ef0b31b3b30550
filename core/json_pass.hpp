// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gdpr::json {

/// Deeper than the server's own parser goes with its usual stack.
constexpr std::size_t kMostDepth = 100'000;

/// Copies a JSON text, giving keys and leaves to a visitor that writes what shall stand instead:
///   Key(raw, out), String(raw, out)   raw = between the quotes; write without quotes
///   Number(raw, out), Boolean(raw, out)
/// One pass with a stack of one byte a level; memory is bounded by the text.
template <typename Visitor>
class Pass {
 public:
  Pass(std::string_view in, Visitor& visitor, std::string& out)
      : in_(in), visitor_(visitor), out_(out) {}

  /// False if the text is not JSON or nested deeper than kMostDepth.
  bool Run() {
    if (!Value()) return false;
    while (!open_.empty()) {
      CopyBlanks();
      if (at_ >= in_.size()) return false;
      const char c = in_[at_];
      if (c == ',') {
        Copy(1);
        if (!(open_.back() == '{' ? Member() : Value())) return false;
      } else if (c == (open_.back() == '{' ? '}' : ']')) {
        Copy(1);
        open_.pop_back();
      } else {
        return false;
      }
    }
    CopyBlanks();
    return at_ == in_.size();
  }

 private:
  void Copy(std::size_t count) {
    out_.append(in_.substr(at_, count));
    at_ += count;
  }

  void CopyBlanks() {
    const std::size_t start = at_;
    while (at_ < in_.size() &&
           (in_[at_] == ' ' || in_[at_] == '\n' || in_[at_] == '\t' || in_[at_] == '\r')) {
      ++at_;
    }
    out_.append(in_.substr(start, at_ - start));
  }

  // Reads a string with its quotes; raw is what stands between.
  bool Quoted(std::string_view& raw) {
    if (at_ >= in_.size() || in_[at_] != '"') return false;
    const std::size_t start = ++at_;
    while (at_ < in_.size() && in_[at_] != '"') {
      if (static_cast<unsigned char>(in_[at_]) < 0x20) return false;
      at_ += in_[at_] == '\\' ? 2U : 1U;
    }
    if (at_ >= in_.size()) return false;
    raw = in_.substr(start, at_ - start);
    ++at_;
    return true;
  }

  bool Member() {
    CopyBlanks();
    return MemberKey() && Value();
  }

  // A value; of an array or object only its beginning, up to and with the first scalar inside.
  bool Value() {
    while (true) {
      CopyBlanks();
      if (at_ >= in_.size()) return false;
      const char c = in_[at_];
      if (c != '{' && c != '[') return Scalar(c);
      if (open_.size() >= kMostDepth) return false;
      open_.push_back(c);
      Copy(1);
      CopyBlanks();
      if (at_ < in_.size() && in_[at_] == (c == '{' ? '}' : ']')) {
        Copy(1);
        open_.pop_back();
        return true;
      }
      if (c == '{' && !MemberKey()) return false;
    }
  }

  bool MemberKey() {
    std::string_view raw;
    if (!Quoted(raw)) return false;
    out_.push_back('"');
    visitor_.Key(raw, out_);
    out_.push_back('"');
    CopyBlanks();
    if (at_ >= in_.size() || in_[at_] != ':') return false;
    Copy(1);
    return true;
  }

  bool Scalar(char c) {
    if (c == '"') {
      std::string_view raw;
      if (!Quoted(raw)) return false;
      out_.push_back('"');
      visitor_.String(raw, out_);
      out_.push_back('"');
      return true;
    }
    if (in_.substr(at_, 4) == "null") {
      Copy(4);
      return true;
    }
    for (const std::string_view word : {std::string_view("true"), std::string_view("false")}) {
      if (in_.substr(at_, word.size()) == word) {
        visitor_.Boolean(word, out_);
        at_ += word.size();
        return true;
      }
    }
    const std::size_t start = at_;
    bool digits = false;
    while (at_ < in_.size() && IsNumberChar(in_[at_])) {
      digits = digits || (in_[at_] >= '0' && in_[at_] <= '9');
      ++at_;
    }
    if (!digits) return false;
    visitor_.Number(in_.substr(start, at_ - start), out_);
    return true;
  }

  static bool IsNumberChar(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  }

  std::string_view in_;
  Visitor& visitor_;
  std::string& out_;
  std::size_t at_ = 0;
  std::vector<char> open_;
};

}  // namespace gdpr::json
