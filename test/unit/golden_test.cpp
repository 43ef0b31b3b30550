// SPDX-License-Identifier: PostgreSQL
// What profiles fake and pseudonym make under one fixed key stays the same for ever: copies of
// today and of next year fit together. golden_vectors.tsv is only ever added to; a change of a line
// is a change of what users have. GDPR_GOLDEN=FILE writes the lines that this build makes.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/sha256.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using enum ValueClass;

// 00 01 02 … 1f
Keyed& GoldenKeys() {
  static Keyed keys([] {
    static std::array<std::uint8_t, 32> master;
    for (std::size_t i = 0; i < master.size(); ++i) master[i] = static_cast<std::uint8_t>(i);
    return std::span<const std::uint8_t>(master);
  }());
  return keys;
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\\') {
      out += "\\\\";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Result Made(const std::string& rule, Profile profile, const TypeFacts& type, const Value& value,
            const char* seed) {
  test::TestRandom random;
  Result result;
  const Keying keying{&GoldenKeys(), seed == nullptr ? "" : seed, seed != nullptr, Locale::kNone};
  Treat(ParseRule(rule), profile, type, value, random, result, keying);
  return result;
}

class Lines {
 public:
  void Add(const std::string& rule, Profile profile, std::string_view cls, const char* seed,
           const std::string& input, const std::string& output) {
    std::string line(ProfileName(profile));
    line.append("\t").append(rule).append("\t").append(cls).append("\t");
    line.append(seed == nullptr ? "-" : seed).append("\t").append(Escaped(input));
    line.append("\t").append(Escaped(output));
    lines_.push_back(std::move(line));
  }

  void Text(const std::string& rule, Profile profile, const char* seed, const std::string& input) {
    const Result result = Made(rule, profile, test::Type(kText), test::TextValue(input), seed);
    Add(rule, profile, "text", seed, input,
        result.state == Result::State::kSame ? input : result.text);
  }

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// For each kind texts of its own, and one that is none of it.
struct Sample {
  std::string_view kind;
  std::vector<std::string> texts;
};
const std::vector<Sample>& Samples() {
  static const std::vector<Sample> samples = {
      {"birth_date", {"1980-05-17", "17.05.1980", "05/17/80", "1980"}},
      {"age", {"41", "41.5"}},
      {"email", {"anna.keller@firma.de", "X@Y.COM"}},
      {"phone", {"+49 170 1234567", "0033612345678", "(212) 555-0147", "+442079460958", "12345"}},
      {"username", {"annakeller"}},
      {"url", {"https://www.firma.de/~anna"}},
      {"social_handle", {"@annak"}},
      {"gender", {"female", "m", "F"}},
      {"title", {"Dr.", "Frau"}},
      {"postal_code", {"53113", "SW1A 1AA", "1012 AB", "00-950"}},
      {"geo", {"50.7374, 7.0982", "50.7"}},
      {"national_id", {"52998224725", "SIANKA80E57A944G", "91061410120", "123-45-6789"}},
      {"tax_id", {"86095742719", "99999999R"}},
      {"vat_id", {"DE136695976", "FR40303265045", "NL004495445B01"}},
      {"passport", {"C01X00T47"}},
      {"driver_licence", {"B072RRE2I55"}},
      {"health_id", {"A123456780", "9434765919"}},
      {"licence_plate", {"BN-AB 1234", "AB-123-CD", "GB51 ABC"}},
      {"company_registration", {"HRB 12345", "732829320"}},
      {"iban",
       {"DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "FR1420041010050500013M02606",
        "PL61109010140000071219812874"}},
      {"bic", {"DEUTDEFF500", "BNPAFRPP"}},
      {"bank_account", {"0532013000"}},
      {"account_number", {"K-004711"}},
      {"card_number", {"4111 1111 1111 1111", "378282246310005"}},
      {"card_expiry", {"12/27", "2027-12"}},
      {"mandate_ref", {"M-2021-000123"}},
      {"salary", {"54321.50", "54321"}},
      {"ip", {"192.168.17.20", "93.184.216.34", "2001:db8::1"}},
      {"mac", {"08:00:2b:01:02:03"}},
      {"device_id", {"38400000-8cf0-11bd-b23e-10b96e40000d", "356938035643809"}},
      {"external_id", {"00Q5f000001XyZ", "4711"}},
      {"profile_json", {R"({"name": "Anna", "email": "a@b.de", "n": [1, true, null]})"}},
      {"profile_xml", {"<p name=\"Anna\"><email>a@b.de</email></p>"}},
      {"search_copy", {"ANNA KELLER"}},
      {"file_name", {"anna_keller.pdf"}},
      {"country", {"Germany", "DE"}},
  };
  return samples;
}

std::vector<std::string> TextsOf(std::string_view kind) {
  std::vector<std::string> texts = {"Anna Keller", "7"};
  for (const Sample& sample : Samples()) {
    if (sample.kind == kind) texts.insert(texts.begin(), sample.texts.begin(), sample.texts.end());
  }
  return texts;
}

void AddTexts(Lines& lines) {
  for (const Kind& kind : Kinds()) {
    const std::string name(kind.name);
    for (const std::string& text : TextsOf(kind.name)) {
      lines.Text(name, Profile::kFake, nullptr, text);
      lines.Text(name, Profile::kPseudonym, nullptr, text);
    }
    const std::string text = TextsOf(kind.name).front();
    lines.Text(name, Profile::kFake, "4711", text);
    lines.Text(name + " unique", Profile::kFake, nullptr, text);
    lines.Text(name + " unique", Profile::kFake, "4711", text);
    for (const char* locale : {"en", "de", "fr", "es", "it", "nl", "pt", "pl"}) {
      const std::string rule = name + " fake=fake(" + locale + ")";
      if (TreatmentFor(ParseRule(name), Profile::kFake).id != TreatmentId::kFake) continue;
      lines.Text(rule, Profile::kFake, "4712", text);
    }
  }
}

void AddIntegers(Lines& lines) {
  for (const char* kind : {"phone", "age", "salary", "birth_date", "external_id", "card_number"}) {
    for (const int bytes : {2, 4, 8}) {
      for (const std::int64_t number : {7LL, 41LL, 1980LL, 19800517LL, 4111111111111111LL, -5LL}) {
        if ((bytes == 2 && number > 32'767) || (bytes == 4 && number > 2'147'483'647)) continue;
        for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
          const Result result =
              Made(kind, profile, test::Type(kNumber, bytes), test::IntegerValue(number), nullptr);
          lines.Add(kind, profile, "int" + std::to_string(bytes), nullptr, std::to_string(number),
                    std::to_string(result.integer));
        }
      }
    }
  }
}

void AddTimes(Lines& lines) {
  const std::vector<std::pair<ValueClass, std::string>> classes = {
      {kDate, "date"}, {kTimestamp, "timestamp"}, {kTime, "time"}, {kBoolean, "boolean"}};
  for (const auto& [cls, name] : classes) {
    for (const std::int64_t number : {0LL, 1LL, 9000LL, 43'200'000'000LL}) {
      if (cls != kTimestamp && cls != kTime && number > 9000) continue;
      if (cls == kBoolean && number > 1) continue;
      for (const char* seed : {static_cast<const char*>(nullptr), "4711"}) {
        for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
          const Result result =
              Made("birth_date", profile, test::Type(cls), test::IntegerValue(number), seed);
          lines.Add("birth_date", profile, name, seed, std::to_string(number),
                    std::to_string(result.integer));
        }
      }
    }
  }
}

void AddRaw(Lines& lines) {
  const std::string bytes = "\x5d\xb8\xd8\x22\x10\x11\x42\x13\x84\x15\x16\x17\x18\x19\x1a\x1b";
  const std::vector<std::pair<ValueClass, std::string>> classes = {
      {kInet, "inet"}, {kMac, "mac"}, {kUuid, "uuid"}, {kBytes, "bytes"}};
  for (const auto& [cls, name] : classes) {
    for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
      Value value;
      value.text = std::string_view(bytes).substr(0, 6);
      const std::size_t size = cls == kInet ? 4 : cls == kMac ? 6 : 16;
      for (std::size_t i = 0; i < size; ++i) value.raw[i] = static_cast<std::uint8_t>(bytes[i]);
      const Result result = Made("external_id", profile, test::Type(cls), value, nullptr);
      const std::string_view raw(reinterpret_cast<const char*>(result.raw.data()), size);
      lines.Add("external_id", profile, name, nullptr,
                HexOf(cls == kBytes ? value.text : std::string_view(bytes).substr(0, size)),
                HexOf(cls == kBytes ? std::string_view(result.text) : raw));
    }
  }
}

TEST(Golden, WhatAFixedKeyMakesNeverChanges) {
  Lines lines;
  AddTexts(lines);
  AddIntegers(lines);
  AddTimes(lines);
  AddRaw(lines);
  if (const char* path = std::getenv("GDPR_GOLDEN")) {
    std::ofstream file(path);
    for (const std::string& line : lines.lines()) file << line << '\n';
    return;
  }
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "golden_vectors.tsv");
  std::size_t at = 0;
  std::string wanted;
  for (; std::getline(file, wanted) && at < lines.lines().size(); ++at) {
    EXPECT_EQ(lines.lines()[at], wanted) << "line " << at + 1;
  }
  EXPECT_EQ(at, lines.lines().size()) << "golden_vectors.tsv is missing or too short";
  EXPECT_GT(at, 1000U);
}

}  // namespace
}  // namespace gdpr
