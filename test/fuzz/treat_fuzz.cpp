// SPDX-License-Identifier: PostgreSQL
// First line: a rule; the rest: a value. Every profile and class answers or refuses, within the
// column's length.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/treat.hpp"
#include "core/utf8.hpp"

namespace {

class Counter : public gdpr::Random {
 public:
  void Fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = next_ += 37;
  }

 private:
  std::uint8_t next_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  gdpr::Rule rule;
  try {
    rule = gdpr::ParseRule(input.substr(0, line));
  } catch (const gdpr::Error&) {
    return 0;
  }
  gdpr::Value value;
  value.text = input.substr(line + 1);
  std::uint64_t number = 0;
  for (const char c : value.text.substr(0, 8))
    number = number << 8U | static_cast<unsigned char>(c);
  value.integer = static_cast<std::int64_t>(number);
  static Counter random;
  static gdpr::Result result;
  for (int cls = 0; cls <= static_cast<int>(gdpr::ValueClass::kOther); ++cls) {
    gdpr::TypeFacts type;
    type.cls = static_cast<gdpr::ValueClass>(cls);
    type.integer_bytes = static_cast<int>(size % 3) * 4;
    type.labels = {"a", "b"};
    for (const auto profile :
         {gdpr::Profile::kErase, gdpr::Profile::kMask, gdpr::Profile::kGeneralize}) {
      try {
        gdpr::Treat(rule, profile, type, value, random, result);
        const auto length = static_cast<std::size_t>(rule.facts.length);
        if (type.cls == gdpr::ValueClass::kText && length != 0 &&
            gdpr::CountChars(result.text) > length) {
          std::abort();
        }
      } catch (const gdpr::Error& error) {
        if (error.sqlstate != "0A000" && error.sqlstate != "PD005") std::abort();
      }
    }
  }
  return 0;
}
