// SPDX-License-Identifier: PostgreSQL
// Documents: each leaf by what it looks like or by the name it has in the document.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "../calendar.hpp"
#include "../detect.hpp"
#include "fake_typed.hpp"
#include "../json_pass.hpp"
#include "../leaves.hpp"
#include "../list_names.hpp"
#include "../xml_pass.hpp"

namespace gdpr::fake::typed {
namespace {

// Parts of names that say what a leaf is; the first that is in a name counts.
struct Hint {
  std::string_view part;
  std::string_view kind;
};

constexpr auto kHints = std::to_array<Hint>({
    {"email", "email"},
    {"mail", "email"},
    {"username", "username"},
    {"login", "username"},
    {"nickname", "username"},
    {"firstname", "first_name"},
    {"givenname", "first_name"},
    {"vorname", "first_name"},
    {"prenom", "first_name"},
    {"middlename", "middle_name"},
    {"lastname", "last_name"},
    {"surname", "last_name"},
    {"familyname", "last_name"},
    {"nachname", "last_name"},
    {"companyname", "company"},
    {"company", "company"},
    {"employer", "company"},
    {"organisation", "company"},
    {"organization", "company"},
    {"bankname", "bank_name"},
    {"filename", "file_name"},
    {"jobtitle", "job_title"},
    {"occupation", "job_title"},
    {"iban", "iban"},
    {"swift", "bic"},
    {"cardnumber", "card_number"},
    {"creditcard", "card_number"},
    {"accountnumber", "account_number"},
    {"phone", "phone"},
    {"mobile", "phone"},
    {"telefon", "phone"},
    {"passport", "passport"},
    {"taxid", "tax_id"},
    {"taxnumber", "tax_id"},
    {"vatid", "vat_id"},
    {"vatnumber", "vat_id"},
    {"nationalid", "national_id"},
    {"ssn", "national_id"},
    {"birthplace", "birth_place"},
    {"birth", "birth_date"},
    {"streetnumber", "street_number"},
    {"housenumber", "street_number"},
    {"street", "street"},
    {"postalcode", "postal_code"},
    {"postcode", "postal_code"},
    {"zipcode", "postal_code"},
    {"city", "city"},
    {"town", "city"},
    {"country", "country"},
    {"ipaddress", "ip"},
    {"address", "address_line"},
    {"latitude", "geo"},
    {"longitude", "geo"},
    {"useragent", "user_agent"},
    {"deviceid", "device_id"},
    {"website", "url"},
    {"homepage", "url"},
    {"gender", "gender"},
    {"nationality", "nationality"},
    {"maritalstatus", "marital_status"},
    {"religion", "religion"},
    {"salary", "salary"},
    {"income", "salary"},
    {"fullname", "full_name"},
    {"contactname", "full_name"},
    {"displayname", "full_name"},
});

// Too short to look for inside another name.
constexpr auto kWholeNames = std::to_array<Hint>({
    {"name", "full_name"}, {"first", "first_name"}, {"last", "last_name"}, {"tel", "phone"},
    {"fax", "phone"},      {"cell", "phone"},       {"user", "username"},  {"dob", "birth_date"},
    {"sex", "gender"},     {"age", "age"},          {"zip", "postal_code"}, {"plz", "postal_code"},
    {"ort", "city"},       {"bic", "bic"},          {"ip", "ip"},          {"mac", "mac"},
    {"url", "url"},        {"lat", "geo"},          {"lng", "geo"},        {"lon", "geo"},
    {"state", "region"},   {"pan", "card_number"},  {"title", "title"},    {"vat", "vat_id"},
});

const Kind* KindOfName(std::string_view name) {
  constexpr std::size_t kMostName = 100;
  const std::string plain = PlainName(name.substr(0, kMostName));
  for (const Hint& hint : kWholeNames) {
    if (plain == hint.part) return FindKind(hint.kind);
  }
  for (const Hint& hint : kHints) {
    if (plain.find(hint.part) != std::string::npos) return FindKind(hint.kind);
  }
  return nullptr;
}

bool NamesId(std::string_view name) {
  const std::string plain = PlainName(name.substr(0, 100));
  return plain.ends_with("id") || plain.ends_with("number") || plain.ends_with("no") ||
         plain.ends_with("key");
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' : !hex) return false;
  }
  return true;
}

bool IsNumber(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  return read.ec == std::errc() && read.ptr == end;
}

// What the whole text is by its look.
const Kind* KindOfLook(std::string_view text) {
  detect::Detector detector(text);
  const detect::Match match = detector.At(0, false);
  if (match.start != 0 || match.end != text.size()) return nullptr;
  switch (match.found) {
    case detect::Found::kEmail:
      return FindKind("email");
    case detect::Found::kIban:
      return FindKind("iban");
    case detect::Found::kCard:
      return FindKind("card_number");
    case detect::Found::kIp:
      return FindKind("ip");
    case detect::Found::kPhone:
      return FindKind("phone");
    default:
      return nullptr;
  }
}

// The leaves of one document.
class Leaves {
 public:
  explicit Leaves(const Call& call) : call_(call) {
    facts_.cls = ValueClass::kText;
    // A document of e-mail addresses: what nothing else is known of is one of them.
    const bool is_text = call.kind.category != "content" && call.kind.category != "derived";
    other_ = is_text ? &call.kind : FindKind("free_text");
  }

  void Name(std::string_view name) {
    name_kind_ = KindOfName(name);
    is_id_ = NamesId(name);
  }
  void NoName() {
    name_kind_ = nullptr;
    is_id_ = false;
  }

  void Text(std::string_view text, std::string& out) {
    made_.clear();
    if (!text.empty()) Fake(text);
    out.append(made_);
  }

  // -12, 1.5, 6.02e23
  void Number(std::string_view raw, std::string& out) {
    static const Kind& amount = *FindKind("salary");
    static const Kind& id = *FindKind("external_id");
    const std::size_t exponent = std::min(raw.find_first_of("eE"), raw.size());
    const Kind& kind = name_kind_ != nullptr ? *name_kind_ : is_id_ ? id : amount;
    const std::size_t start = out.size();
    const bool is_amount = &kind == &amount;
    Decimal(CallFor(kind, raw, out),
            {is_amount ? TreatmentId::kNoise : TreatmentId::kFake,
             is_amount ? kUsualPercent : 0, false},
            raw.substr(0, exponent), 0, out);
    out.append(raw.substr(exponent));
    if (out.size() == start) out.push_back('0');
  }

  // A key that is somebody's address or number. What is none stays.
  bool Key(std::string_view key, std::string& out) {
    const Kind* kind = KindOfLook(key);
    if (kind == nullptr) return false;
    made_.clear();
    Make(CallFor(*kind, key, made_));
    out.append(made_);
    return true;
  }

 private:
  void Fake(std::string_view text) {
    const Kind* kind = name_kind_;
    const Kind* look = KindOfLook(text);
    // The look of an address or a number is surer than a name: {"phone": "anna@example.com"}.
    if (look != nullptr && (kind == nullptr || !IsNumber(text))) kind = look;
    calendar::Date date{};
    if (kind == nullptr && calendar::ReadIso(text, date)) kind = FindKind("birth_date");
    if (kind == nullptr && IsUuid(text)) kind = FindKind("device_id");
    if (kind == nullptr && IsNumber(text)) return Number(text, made_);
    if (kind == nullptr) kind = other_;
    if (kind->name == "birth_date") {
      return ShiftText(CallFor(*kind, text, made_), {TreatmentId::kShift, kUsualDays, false});
    }
    Make(CallFor(*kind, text, made_));
  }

  Call CallFor(const Kind& kind, std::string_view text, std::string& out) const {
    // Names and addresses of a person belong together; two notes of one person are two texts.
    const bool own = kind.category == "content";
    return {kind,
            facts_,
            text,
            std::numeric_limits<std::size_t>::max(),
            false,
            call_.seeded && !own,
            call_.seed,
            call_.locale,
            call_.row,
            call_.keys,
            out};
  }

  const Call& call_;
  TypeFacts facts_;
  const Kind* other_;
  const Kind* name_kind_ = nullptr;
  bool is_id_ = false;
  std::string made_;
};

class JsonVisitor {
 public:
  explicit JsonVisitor(const Call& call) : leaves_(call) {}

  void Key(std::string_view raw, std::string& out) {
    plain_.clear();
    leaves::UnescapeJson(raw, plain_);
    leaves_.Name(plain_);
    made_.clear();
    if (leaves_.Key(plain_, made_)) {
      leaves::EscapeJson(made_, out);
    } else {
      out.append(raw);
    }
  }
  void String(std::string_view raw, std::string& out) {
    plain_.clear();
    made_.clear();
    leaves::UnescapeJson(raw, plain_);
    leaves_.Text(plain_, made_);
    leaves::EscapeJson(made_, out);
  }
  void Number(std::string_view raw, std::string& out) { leaves_.Number(raw, out); }
  static void Boolean(std::string_view raw, std::string& out) { out.append(raw); }

 private:
  Leaves leaves_;
  std::string plain_, made_;
};

class XmlVisitor {
 public:
  explicit XmlVisitor(const Call& call) : leaves_(call) {}

  void Text(std::string_view raw, std::string& out) {
    NameAtEnd(out);
    Inside(raw, out);
  }
  void Attribute(std::string_view name, std::string_view raw, std::string& out) {
    if (name == "xml:space" && (raw == "preserve" || raw == "default")) {
      out.append(raw);
    } else if (name == "xml:id") {
      // Parsers refuse a document in which two elements have one.
      out.append("id-").append(std::to_string(++ids_));
    } else {
      leaves_.Name(name);
      Inside(raw, out);
    }
  }
  void Cdata(std::string_view raw, std::string& out) {
    leaves_.NoName();
    Plain(raw, out);
  }
  void Comment(std::string_view raw, std::string& out) { Cdata(raw, out); }
  void Instruction(std::string_view raw, std::string& out) { Cdata(raw, out); }

 private:
  // The element whose start tag was just written.
  void NameAtEnd(const std::string& out) {
    leaves_.NoName();
    const std::size_t open = out.rfind('<');
    if (open == std::string::npos || !out.ends_with('>')) return;
    const std::string_view tag = std::string_view(out).substr(open + 1);
    const std::size_t end = tag.find_first_of(" \t\r\n/>");
    if (end != 0 && tag[0] != '!' && tag[0] != '?') leaves_.Name(tag.substr(0, end));
  }

  void Inside(std::string_view raw, std::string& out) {
    plain_.clear();
    made_.clear();
    leaves::UnescapeXml(raw, plain_);
    leaves_.Text(Trimmed(plain_), made_);
    leaves::EscapeXml(made_, out);
  }

  // Where nothing is escaped: what would end the construct goes.
  void Plain(std::string_view raw, std::string& out) {
    made_.clear();
    leaves_.Text(Trimmed(raw), made_);
    std::erase_if(made_, [](char c) { return c == ']' || c == '-' || c == '?' || c == '>'; });
    out.append(made_);
  }

  static std::string_view Trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
    return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
  }

  Leaves leaves_;
  std::string plain_, made_;
  int ids_ = 0;
};

}  // namespace

bool Json(const Call& call, std::string_view json, std::string& out) {
  out.clear();
  JsonVisitor visitor(call);
  return json::Pass(json, visitor, out).Run();
}

bool Xml(const Call& call, std::string_view xml, std::string& out) {
  out.clear();
  XmlVisitor visitor(call);
  return xml::Pass(xml, visitor, out).Run();
}

}  // namespace gdpr::fake::typed
