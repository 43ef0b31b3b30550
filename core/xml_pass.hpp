// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gdpr::xml {

/// Copies an XML document or content, giving what people write to a visitor that writes what shall
/// stand instead:
///   Text(raw, out)            character data that is more than blanks
///   Attribute(name, raw, out) raw = between the quotes; either quote may stand around it
///   Cdata(raw, out), Comment(raw, out), Instruction(raw, out)   raw = the content
/// Names, blanks, the XML declaration and namespace declarations are copied; a DOCTYPE is left
/// out. One pass, with a stack of views of the open elements' names.
template <typename Visitor>
class Pass {
 public:
  Pass(std::string_view in, Visitor& visitor, std::string& out)
      : in_(in), visitor_(visitor), out_(out) {}

  /// False if it is not well-formed (elements unbalanced, a construct without its end).
  bool Run() {
    while (at_ < in_.size()) {
      if (in_[at_] != '<') {
        CharacterData();
      } else if (!Markup()) {
        return false;
      }
    }
    return open_.empty();
  }

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  static bool IsNameChar(char c, bool first) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || byte >= 0x80) {
      return true;
    }
    return !first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
  }

  void CharacterData() {
    const std::size_t start = at_;
    bool blank = true;
    while (at_ < in_.size() && in_[at_] != '<') blank = IsBlank(in_[at_++]) && blank;
    const std::string_view raw = in_.substr(start, at_ - start);
    if (blank) {
      out_.append(raw);
    } else {
      content_ = true;
      visitor_.Text(raw, out_);
    }
  }

  bool Starts(std::string_view word) const { return in_.substr(at_, word.size()) == word; }

  bool Markup() {
    std::string_view raw;
    if (Starts("<!--")) {
      if (!Take(4, "-->", raw)) return false;
      out_.append("<!--");
      visitor_.Comment(raw, out_);
      out_.append("-->");
      return true;
    }
    if (Starts("<![CDATA[")) {
      if (!Take(9, "]]>", raw)) return false;
      out_.append("<![CDATA[");
      visitor_.Cdata(raw, out_);
      out_.append("]]>");
      return true;
    }
    if (Starts("<?")) return Instruction();
    if (Starts("<!DOCTYPE")) return SkipDoctype();
    if (Starts("</")) return EndTag();
    return StartTag();
  }

  // Moves over an opening of `skip` bytes and the content up to `end`.
  bool Take(std::size_t skip, std::string_view end, std::string_view& raw) {
    const std::size_t start = at_ + skip;
    const std::size_t stop = in_.find(end, start);
    if (stop == std::string_view::npos) return false;
    raw = in_.substr(start, stop - start);
    at_ = stop + end.size();
    return true;
  }

  std::string_view Name() {
    const std::size_t start = at_;
    while (at_ < in_.size() && IsNameChar(in_[at_], at_ == start)) ++at_;
    return in_.substr(start, at_ - start);
  }

  std::string_view Blanks() {
    const std::size_t start = at_;
    while (at_ < in_.size() && IsBlank(in_[at_])) ++at_;
    return in_.substr(start, at_ - start);
  }

  bool Instruction() {
    const std::size_t begin = at_;
    std::string_view raw;
    if (!Take(2, "?>", raw)) return false;
    const std::size_t after = at_;
    at_ = begin + 2;
    const std::string_view target = Name();
    if (target.empty()) return false;
    if (target == "xml") {
      // Only where the declaration may stand; its pseudo-attributes hold nothing personal.
      if (begin != 0) return false;
      out_.append(in_.substr(begin, after - begin));
    } else {
      out_.append("<?").append(target);
      const std::string_view content = raw.substr(target.size());
      if (!content.empty()) {
        if (!IsBlank(content.front())) return false;
        out_.push_back(' ');
        visitor_.Instruction(content.substr(1), out_);
      }
      out_.append("?>");
    }
    at_ = after;
    return true;
  }

  bool SkipDoctype() {
    if (content_) return false;  // it stands before everything else
    int brackets = 0;
    while (at_ < in_.size()) {
      std::string_view raw;
      const char c = in_[at_];
      if (c == '"' || c == '\'') {
        if (!Take(1, in_.substr(at_, 1), raw)) return false;
      } else if (Starts("<!--")) {
        if (!Take(4, "-->", raw)) return false;
      } else if (Starts("<?")) {
        if (!Take(2, "?>", raw)) return false;
      } else {
        brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
        ++at_;
        if (c == '>' && brackets == 0) return true;
      }
    }
    return false;
  }

  bool EndTag() {
    at_ += 2;
    const std::string_view name = Name();
    const std::string_view blanks = Blanks();
    if (at_ >= in_.size() || in_[at_] != '>' || open_.empty() || open_.back() != name) return false;
    ++at_;
    open_.pop_back();
    out_.append("</").append(name).append(blanks).push_back('>');
    return true;
  }

  bool StartTag() {
    ++at_;
    const std::string_view name = Name();
    if (name.empty()) return false;
    content_ = true;
    out_.append("<").append(name);
    while (true) {
      const std::string_view blanks = Blanks();
      out_.append(blanks);
      if (at_ >= in_.size()) return false;
      if (in_[at_] == '>') {
        ++at_;
        open_.push_back(name);
        out_.push_back('>');
        return true;
      }
      if (Starts("/>")) {
        at_ += 2;
        out_.append("/>");
        return true;
      }
      if (blanks.empty() || !OneAttribute()) return false;
    }
  }

  bool OneAttribute() {
    const std::string_view name = Name();
    out_.append(name).append(Blanks());
    if (name.empty() || at_ >= in_.size() || in_[at_] != '=') return false;
    ++at_;
    out_.append("=").append(Blanks());
    if (at_ >= in_.size() || (in_[at_] != '"' && in_[at_] != '\'')) return false;
    const char quote = in_[at_];
    std::string_view raw;
    if (!Take(1, in_.substr(at_, 1), raw)) return false;
    if (raw.find('<') != std::string_view::npos) return false;
    out_.push_back(quote);
    const bool is_namespace = name == "xmlns" || name.starts_with("xmlns:");
    // Names need them; but an entity in one would have gone with the DOCTYPE.
    if (is_namespace && raw.find('&') == std::string_view::npos) {
      out_.append(raw);
    } else {
      visitor_.Attribute(name, raw, out_);
    }
    out_.push_back(quote);
    return true;
  }

  std::string_view in_;
  Visitor& visitor_;
  std::string& out_;
  std::size_t at_ = 0;
  bool content_ = false;  // an element or a text was seen
  std::vector<std::string_view> open_;
};

}  // namespace gdpr::xml
