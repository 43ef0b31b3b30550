// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "leaves.hpp"
#include "net.hpp"
#include "redact.hpp"
#include "surrogate.hpp"
#include "treat_class.hpp"

// Addresses, identifiers and documents.
namespace gdpr::treat {
namespace {

using enum TreatmentId;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads `count` bytes in hex; `separator` may stand between any two of them.
bool ReadHex(std::string_view text, std::size_t count, char separator,
             std::array<std::uint8_t, 16>& raw) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && at < text.size() && text[at] == separator) ++at;
    if (at + 2 > text.size()) return false;
    const int high = HexValue(text[at]);
    const int low = HexValue(text[at + 1]);
    if (high < 0 || low < 0) return false;
    raw[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return at == text.size();
}

bool HasConstant(const Call& call) {
  return call.plan.id == kConstant && call.plan.a != 0;
}

void FillRandom(const Call& call, std::size_t from, std::size_t count) {
  call.random.Fill(std::span(call.result.raw).subspan(from, count));
}

// A surrogate or the rule's constant as a JSON string.
void PutJsonString(const Call& call, std::string_view text) {
  call.result.text.assign("\"");
  leaves::EscapeJson(text, call.result.text);
  call.result.text.push_back('"');
}

std::string TextSurrogate(const Call& call) {
  std::string text;
  surrogate::AppendText(static_cast<SurrogateForm>(call.plan.a), 0, call.random, text);
  return text;
}

}  // namespace

void Inet(const Call& call) {
  Result& result = call.result;
  result.family = call.value.family;
  result.prefix = result.family == 4 ? 32 : 128;
  if (HasConstant(call)) {
    net::Address address;
    const std::string_view text = call.plan.text;
    std::size_t end = net::ReadIpv4(text, 0, address);
    if (end == 0) end = net::ReadIpv6(text, 0, address);
    if (end == 0 || end != text.size()) FailConstant(call);
    result.raw = address.raw;
    result.family = address.family;
    result.prefix = result.family == 4 ? 32 : 128;
  } else if (call.plan.id == kNetwork) {
    const int bits = std::min<int>(call.value.prefix, result.family == 4 ? 24 : 48);
    net::Address address{call.value.raw, result.family};
    net::KeepBits(address, bits);
    result.raw = address.raw;
    result.prefix = static_cast<std::uint8_t>(bits);
  } else if (call.plan.id == kSurrogate) {
    // Blocks that are nobody's: 240.0.0.0/4 (reserved) and 100::/64 (discard only).
    if (result.family == 4) {
      FillRandom(call, 0, 4);
      result.raw[0] |= 0xF0;
    } else {
      FillRandom(call, 8, 8);
      result.raw[0] = 1;
    }
  }
}

void Mac(const Call& call) {
  if (call.plan.id == kSurrogate) {
    FillRandom(call, 0, 8);
    // Locally administered, not a group: no maker's number.
    call.result.raw[0] = static_cast<std::uint8_t>((call.result.raw[0] & 0xFC) | 0x02);
  } else if (HasConstant(call)) {
    auto& raw = call.result.raw;
    if (!ReadHex(call.plan.text, 6, ':', raw) && !ReadHex(call.plan.text, 8, ':', raw)) {
      FailConstant(call);
    }
  }
}

void Uuid(const Call& call) {
  if (HasConstant(call)) {
    if (!ReadHex(call.plan.text, 16, '-', call.result.raw)) FailConstant(call);
  } else if (call.profile == Profile::kErase) {
    FillRandom(call, 0, 16);
    call.result.raw[6] = static_cast<std::uint8_t>((call.result.raw[6] & 0x0F) | 0x40);
    call.result.raw[8] = static_cast<std::uint8_t>((call.result.raw[8] & 0x3F) | 0x80);
  }
}

void Bytes(const Call& call) {
  if (call.plan.id == kSurrogate) {
    FillRandom(call, 0, 16);
    call.result.text.assign(call.result.raw.begin(), call.result.raw.end());
  } else if (HasConstant(call)) {
    call.result.text.assign(call.plan.text);
  }
}

void Json(const Call& call) {
  switch (call.plan.id) {
    case kEmpty:
      call.result.text.assign("{}");
      return;
    case kSurrogate:
      return PutJsonString(call, TextSurrogate(call));
    case kConstant:
      return PutJsonString(call, call.plan.text);
    case kRedact:
      call.result.text = RedactJson(call.value.text, {});
      return;
    default:
      if (!leaves::ReplaceJson(call.value.text, call.result.text)) PutJsonString(call, kErasedText);
  }
}

void Xml(const Call& call) {
  switch (call.plan.id) {
    case kEmpty:
      return;
    case kSurrogate:
      call.result.text = TextSurrogate(call);
      return;
    case kConstant:
      return leaves::EscapeXml(call.plan.text, call.result.text);
    case kRedact:
      call.result.text = RedactXml(call.value.text, {});
      return;
    default:
      if (!leaves::ReplaceXml(call.value.text, call.result.text)) {
        call.result.text.assign(kErasedText);
      }
  }
}

}  // namespace gdpr::treat
