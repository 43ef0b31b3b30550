// SPDX-License-Identifier: PostgreSQL
#include "redact.hpp"

#include <cstddef>

#include "detect.hpp"
#include "fold.hpp"
#include "json_pass.hpp"
#include "leaves.hpp"
#include "own.hpp"
#include "treat_class.hpp"
#include "utf8.hpp"
#include "xml_pass.hpp"

namespace gdpr {
namespace {

std::string_view Label(detect::Found found) {
  switch (found) {
    case detect::Found::kEmail:
      return "[email]";
    case detect::Found::kIban:
      return "[iban]";
    case detect::Found::kCard:
      return "[card]";
    case detect::Found::kIp:
      return "[ip]";
    case detect::Found::kPhone:
      return "[phone]";
    default:
      return "[redacted]";
  }
}

// Whether anything can be found that starts with the character.
bool MayStart(const CodePoint& point) {
  if (!point.valid) return false;
  if (point.value == '+' || point.value == '(' || point.value == '"' || point.value == ':') {
    return true;
  }
  return fold::ClassOf(point.value) != fold::CharClass::kSeparator;
}

void RedactTo(std::string_view text, own::OwnValues& own, std::string& out) {
  detect::Detector detector(text);
  bool in_word = false;
  out.reserve(out.size() + text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    const bool digit = point.value >= '0' && point.value <= '9';
    const bool word = point.valid && fold::ClassOf(point.value) == fold::CharClass::kWord;
    // Inside a word only a number can start ("Tel0612345678").
    if (MayStart(point) && (!in_word || !word || digit)) {
      const detect::Match match = detector.At(at, in_word);
      const std::size_t own_end =
          own.Empty() ? 0 : own.Match(text, at, in_word && word, detector.Run());
      if (own_end > at && own_end >= match.end) {
        out.append("[redacted]");
        at = own_end;
        in_word = false;
        continue;
      }
      if (match.found != detect::Found::kNothing) {
        out.append(text.substr(at, match.start - at)).append(Label(match.found));
        at = match.end;
        in_word = false;
        continue;
      }
    }
    out.append(text.substr(at, point.bytes));
    at += point.bytes;
    in_word = word;
  }
}

// Redacts what is left when a document's own escapes are undone.
class Inside {
 public:
  explicit Inside(own::OwnValues& own) : own_(own) {}

  template <typename Unescape, typename Escape>
  void Redact(std::string_view raw, Unescape unescape, Escape escape, std::string& out) {
    plain_.clear();
    redacted_.clear();
    unescape(raw, plain_);
    RedactTo(plain_, own_, redacted_);
    if (redacted_ == plain_) {
      out.append(raw);
    } else {
      escape(redacted_, out);
    }
  }

 private:
  own::OwnValues& own_;
  std::string plain_;
  std::string redacted_;
};

void Copy(std::string_view raw, std::string& out) {
  out.append(raw);
}

class JsonVisitor {
 public:
  explicit JsonVisitor(own::OwnValues& own) : inside_(own) {}

  void Key(std::string_view raw, std::string& out) { String(raw, out); }
  void String(std::string_view raw, std::string& out) {
    inside_.Redact(raw, leaves::UnescapeJson, leaves::EscapeJson, out);
  }
  void Number(std::string_view raw, std::string& out) {
    inside_.Redact(
        raw, Copy, [](std::string_view, std::string& to) { to.push_back('0'); }, out);
  }
  static void Boolean(std::string_view raw, std::string& out) { out.append(raw); }

 private:
  Inside inside_;
};

class XmlVisitor {
 public:
  explicit XmlVisitor(own::OwnValues& own) : inside_(own) {}

  void Text(std::string_view raw, std::string& out) {
    inside_.Redact(raw, leaves::UnescapeXml, leaves::EscapeXml, out);
  }
  void Attribute(std::string_view, std::string_view raw, std::string& out) { Text(raw, out); }
  void Cdata(std::string_view raw, std::string& out) { inside_.Redact(raw, Copy, Copy, out); }
  void Comment(std::string_view raw, std::string& out) { Cdata(raw, out); }
  void Instruction(std::string_view raw, std::string& out) { Cdata(raw, out); }

 private:
  Inside inside_;
};

}  // namespace

std::string Redact(std::string_view text, std::span<const std::string_view> own) {
  own::OwnValues values(own);
  std::string out;
  RedactTo(text, values, out);
  return out;
}

std::string RedactJson(std::string_view json, std::span<const std::string_view> own) {
  own::OwnValues values(own);
  JsonVisitor visitor(values);
  std::string out;
  if (json::Pass(json, visitor, out).Run()) return out;
  return '"' + std::string(treat::kErasedText) + '"';
}

std::string RedactXml(std::string_view xml, std::span<const std::string_view> own) {
  own::OwnValues values(own);
  XmlVisitor visitor(values);
  std::string out;
  if (xml::Pass(xml, visitor, out).Run()) return out;
  return std::string(treat::kErasedText);
}

}  // namespace gdpr
