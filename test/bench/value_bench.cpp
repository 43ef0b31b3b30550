// SPDX-License-Identifier: PostgreSQL
// What a fake and a pseudonym cost, kind by kind, beside md5 of the same values: see kHeading.
// Arguments: only these kinds. Fails where one costs more than one and a half times its goal. What
// the server adds to each call is in the table of make bench.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/treat.hpp"

namespace {

using gdpr::Profile;
using gdpr::TreatmentId;
using gdpr::ValueClass;

constexpr std::string_view kHeading =
    "Nanoseconds of one core for one value: the best of 5 rounds over 10,000 values that differ.\n"
    "x md5: beside md5 of the same values, made as the server's md5() makes it (EVP_Digest).\n"
    "named: where the rule names the value's own locale, as in fake(de); slowest: of all eight.\n"
    "ff1: can be turned back.\n\n"
    "                                                          fake                          "
    "  pseudonym\n"
    "  kind                  such as                       ns  x md5   named    slowest      "
    "ns  x md5          md5\n";
// State ids and postal codes without a locale are looked for among those of all countries, and
// what is valid in three must become something that is valid in these three.
constexpr std::string_view kNote =
    "\nGoals: a fake and a pseudonym 680 ns (md5(text) in SQL), ff1 3000 ns; state ids and postal\n"
    "codes where the rule names their locale. x2: two values in one text.\n";
constexpr int kValues = 10'000;
constexpr int kRounds = 5;
constexpr double kFakeGoal = 680;  // md5(text) in SQL
constexpr double kFf1Goal = 3000;
constexpr double kBelow = 1.5;

// Values of a kind as people write them. # becomes digits that differ from value to value: as many
// as it takes, or as many as there are. Where there is none, valid values of the same sort are
// drawn, in the locale.
struct Sample {
  std::string_view kind;
  std::string_view value;
  std::string_view locale = "en";
  int parts = 1;  // values in one text
};
constexpr auto kSamples = std::to_array<Sample>({
    {"first_name", "Anna#"},
    {"middle_name", "Maria#"},
    {"last_name", "Keller#"},
    {"full_name", "Anna Keller#"},
    {"title", "Dr."},
    {"gender", "female"},
    {"birth_date", "1980-05-17"},
    {"birth_place", "Bonn#"},
    {"age", "41"},
    {"nationality", "German"},
    {"marital_status", "married"},
    {"email", "anna.keller#@firma.de"},
    {"phone", "+49 170 #######"},
    {"phone", "0170 #######"},
    {"phone", "+44 20 794##### ext. ####", "en", 2},
    {"phone", "(212) 5##-####"},
    {"username", "annakeller#"},
    {"url", "https://www.firma.de/anna#"},
    {"social_handle", "@annakeller#"},
    {"street", "Hauptstrasse#"},
    {"street_number", "12"},
    {"address_line", "Hauptstrasse 12, 5#"},
    {"city", "Bonn#"},
    {"region", "Bayern"},
    {"postal_code", "53113", "de"},
    {"postal_code", "SW1A 1AA", "en"},
    {"postal_code", "1012 AB", "nl"},
    {"country", "Germany"},
    {"po_box", "Postfach #"},
    {"geo", "50.73####, 7.09####", "en", 2},
    {"national_id", "123-45-6789", "en"},
    {"national_id", "AB 12 34 56 C", "en"},
    {"national_id", "L01X00T471", "de"},
    {"national_id", "180126955222380", "fr"},
    {"national_id", "12345678Z", "es"},
    {"national_id", "SIANKA80E57A944G", "it"},
    {"national_id", "111222333", "nl"},
    {"national_id", "123456789ZZ1", "pt"},
    {"national_id", "91061410120", "pl"},
    {"passport", "C01X00T47", "de"},
    {"passport", "123456789", "en"},
    {"passport", "12AB34567", "fr"},
    {"tax_id", "86095742719", "de"},
    {"tax_id", "123-45-6789", "en"},
    {"tax_id", "0701987765493", "fr"},
    {"tax_id", "12345678Z", "es"},
    {"tax_id", "111222333", "nl"},
    {"tax_id", "123456789", "pt"},
    {"tax_id", "5261040828", "pl"},
    {"vat_id", "DE136695976", "de"},
    {"vat_id", "FR40303265045", "fr"},
    {"vat_id", "ESX2482300W", "es"},
    {"vat_id", "IT00743110157", "it"},
    {"vat_id", "NL004495445B01", "nl"},
    {"vat_id", "136695976", "de"},
    {"driver_licence", "B072RRE2I55", "de"},
    {"driver_licence", "MORGA657054SM9IJ", "en"},
    {"health_id", "A123456780", "de"},
    {"health_id", "943 476 5919", "en"},
    {"licence_plate", "BN-AB 1234", "de"},
    {"licence_plate", "AB-123-CD", "fr"},
    {"licence_plate", "GB51 ABC", "en"},
    {"company_registration", "HRB 12345", "de"},
    {"company_registration", "732829320", "fr"},
    {"company_registration", "73282932000074", "fr"},
    {"iban", "DE89370400440532013000", "de"},
    {"iban", "GB82 WEST 1234 5698 7654 32", "en"},
    {"iban", "FR1420041010050500013M02606", "fr"},
    {"iban", "MT84MALT011000012345MTLCAST001S", ""},
    {"bic", "DEUTDEFF500"},
    {"bank_account", "053#######"},
    {"bank_account", "2100 0418 45 0200051332", "es"},
    {"account_number", "K-######"},
    {"account_number", "47110815############"},
    {"bank_name", "Deutsche Bank"},
    {"card_number", "4111 1111 1111 1111"},
    {"card_number", "************####"},
    {"card_expiry", "12/27"},
    {"mandate_ref", "M-2021-######"},
    {"salary", "54#.50"},
    {"company", "Firma# GmbH"},
    {"job_title", "Engineer"},
    {"ip", "93.184.216.34"},
    {"ip", "2001:db8::#"},
    {"mac", "08:00:2b:01:02:03"},
    {"user_agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/2010#"},
    {"device_id", "38400000-8cf0-11bd-b23e-10b96e######"},
    {"device_id", "356938035643809"},
    {"external_id", "00Q5f######"},
    {"external_id", "471#"},
    {"password", "$2y$10$#"},
    {"token", "tok_#"},
    {"free_text", "Called Anna Keller# on Monday, she asks for a new offer."},
    {"profile_json", R"({"name": "Anna Keller#", "email": "anna#@firma.de", "tags": [1, true]})",
     "en", 3},
    {"profile_xml", "<person><name>Anna Keller#</name><email>anna#@firma.de</email></person>", "en",
     2},
    {"attachment", "PDF#"},
    {"file_name", "anna_keller#.pdf"},
    {"photo", "anna#.jpg"},
    {"health", "Asthma"},
    {"religion", "catholic"},
    {"ethnicity", "Sorbian"},
    {"politics", "left"},
    {"union", "ver.di"},
    {"sexuality", "gay"},
    {"biometric", "4f3a#"},
    {"criminal", "theft"},
    {"search_copy", "ANNA KELLER#"},
});

bool IsOfACountry(const gdpr::Kind& kind) {
  return kind.category == "government" || kind.name == "postal_code";
}

class NoRandom : public gdpr::Random {
 public:
  void Fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, 0); }
};

std::array<std::uint8_t, 32> MasterOf(std::uint8_t byte) {
  std::array<std::uint8_t, 32> master;
  master.fill(byte);
  return master;
}

std::string Numbered(std::string_view pattern, int number) {
  std::string digits = std::to_string(number);
  std::string value;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '#') {
      value += pattern[i];
      continue;
    }
    const std::size_t end = std::min(pattern.find_first_not_of('#', i), pattern.size());
    const std::size_t count = end - i;
    if (count == 1) {
      value += digits;
    } else {
      value.append(count - std::min(count, digits.size()), '0');
      value += digits.substr(digits.size() - std::min(count, digits.size()));
    }
    i = end - 1;
  }
  return value;
}

gdpr::Rule RuleOf(std::string_view kind, std::string_view locale = {}) {
  std::string rule(kind);
  if (!locale.empty()) rule.append(" fake=fake(").append(locale).append(")");
  return gdpr::ParseRule(rule);
}

std::vector<std::string> ValuesOf(const Sample& sample) {
  std::vector<std::string> values;
  const bool is_pattern = sample.value.find('#') != std::string_view::npos;
  const gdpr::Rule rule = RuleOf(sample.kind, is_pattern ? "" : sample.locale);
  static gdpr::Keyed others(MasterOf(7));
  NoRandom random;
  gdpr::Result result;
  gdpr::Value value;
  value.text = sample.value;
  for (int i = 0; i < kValues; ++i) {
    if (is_pattern) {
      values.push_back(Numbered(sample.value, i));
      continue;
    }
    const std::string seed = std::to_string(i);
    gdpr::Treat(rule, Profile::kFake, {}, value, random, result, {&others, seed, true, {}});
    values.push_back(result.text);
  }
  return values;
}

double Seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Nanoseconds a value, the best of the rounds.
template <typename Work>
double Cost(const std::vector<std::string>& values, Work work) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const double began = Seconds();
    for (const std::string& value : values) work(value);
    best = std::min(best, (Seconds() - began) / static_cast<double>(values.size()) * 1e9);
  }
  return best;
}

double CostOf(const gdpr::Rule& rule, Profile profile, const std::vector<std::string>& values) {
  static gdpr::Keyed keys(MasterOf(42));
  const gdpr::TypeFacts type;
  const gdpr::Keying keying{&keys, {}, false, gdpr::Locale::kNone};
  NoRandom random;
  gdpr::Result result;
  gdpr::Value value;
  return Cost(values, [&](const std::string& text) {
    value.text = text;
    gdpr::Treat(rule, profile, type, value, random, result, keying);
  });
}

double CostOfMd5(const std::vector<std::string>& values) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  return Cost(values, [&](const std::string& text) {
    EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_md5(), nullptr);
  });
}

struct Named {
  double own = 0;
  double slowest = 0;
  std::string_view locale;  // the slowest; empty: the kind has none
};

Named CostOfLocales(const Sample& sample, const std::vector<std::string>& values) {
  Named named;
  const gdpr::Rule plain = RuleOf(sample.kind);
  if (gdpr::TreatmentFor(plain, Profile::kFake).id != TreatmentId::kFake) return named;
  for (int locale = 1; locale <= gdpr::kLocales; ++locale) {
    const std::string_view name = gdpr::LocaleName(static_cast<gdpr::Locale>(locale));
    const double cost = CostOf(RuleOf(sample.kind, name), Profile::kFake, values);
    if (name == sample.locale) named.own = cost;
    if (cost <= named.slowest) continue;
    named.slowest = cost;
    named.locale = name;
  }
  return named;
}

// One row of the table; false where a figure is too far above its goal.
bool Measure(const Sample& sample) {
  const gdpr::Rule rule = RuleOf(sample.kind);
  const std::vector<std::string> values = ValuesOf(sample);
  const double md5 = CostOfMd5(values);
  const double fake = CostOf(rule, Profile::kFake, values);
  const double pseudonym = CostOf(rule, Profile::kPseudonym, values);
  const Named named = CostOfLocales(sample, values);
  const bool is_ff1 = gdpr::TreatmentFor(rule, Profile::kPseudonym).id == TreatmentId::kFf1;
  const double counts = IsOfACountry(*rule.kind) ? named.own : std::max(fake, named.slowest);
  const double limit = kBelow * sample.parts;
  const bool is_slow =
      counts > kFakeGoal * limit || pseudonym > (is_ff1 ? kFf1Goal : kFakeGoal) * limit;
  std::string example = values.front().substr(0, 27);
  if (example.size() < values.front().size()) example.replace(24, 3, "...");
  std::printf("  %-22s%-27s%5.0f%7.2f", std::string(sample.kind).c_str(), example.c_str(), fake,
              fake / md5);
  if (named.locale.empty()) {
    std::printf("%19s", "");
  } else if (sample.locale.empty()) {
    std::printf("%16.0f %s", named.slowest, std::string(named.locale).c_str());
  } else {
    std::printf("%8.0f%8.0f %s", named.own, named.slowest, std::string(named.locale).c_str());
  }
  std::printf("%8.0f%7.2f %-3s%9.0f%s%s\n", pseudonym, pseudonym / md5, is_ff1 ? "ff1" : "", md5,
              sample.parts == 1 ? "" : ("  x" + std::to_string(sample.parts)).c_str(),
              is_slow ? "  TOO SLOW" : "");
  return !is_slow;
}

bool IsMeasured(const gdpr::Kind& kind) {
  return kind.name == "not_personal" ||
         std::ranges::any_of(kSamples, [&](const Sample& one) { return one.kind == kind.name; });
}

}  // namespace

int main(int count, char** arguments) {
  for (const gdpr::Kind& kind : gdpr::Kinds()) {
    if (IsMeasured(kind)) continue;
    std::fprintf(stderr, "no value of kind \"%s\" is measured\n", std::string(kind.name).c_str());
    return 2;
  }
  const std::span<char*> kinds(arguments + 1, static_cast<std::size_t>(count - 1));
  for (const char* kind : kinds) {
    if (gdpr::FindKind(kind) != nullptr) continue;
    std::fprintf(stderr, "there is no kind \"%s\"\n", kind);
    return 2;
  }
  bool is_slow = false;
  std::string_view category;
  std::fputs(kHeading.data(), stdout);
  for (const Sample& sample : kSamples) {
    if (!kinds.empty() && std::ranges::find(kinds, sample.kind) == kinds.end()) continue;
    const std::string_view its = gdpr::FindKind(sample.kind)->category;
    if (its != category) std::printf("%s\n", std::string(its).c_str());
    category = its;
    is_slow = !Measure(sample) || is_slow;
  }
  std::fputs(kNote.data(), stdout);
  return is_slow ? 1 : 0;
}
