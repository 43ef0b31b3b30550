// SPDX-License-Identifier: PostgreSQL
// E-mail addresses, user names and pages of people who do not exist. Whether unique or not they
// carry 80 bits, so that a column keeps its values when it becomes unique. The names in them count
// for nothing.
#include <algorithm>
#include <array>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_person.hpp"

namespace gdpr::fake {
namespace {

// Reserved by RFC 2606: nobody's mailbox.
constexpr std::array<std::string_view, 3> kDomains = {"example.com", "example.org", "example.net"};
constexpr std::size_t kDomainChars = 11;
constexpr std::string_view kShortDomain = "m.example";
constexpr std::size_t kLeastEmail = kUniqueChars + 1 + kShortDomain.size();
constexpr std::size_t kMostLocal = 64;  // RFC 5321
constexpr std::size_t kMostName = 40;

// Where the 80 bits come from: the person's own draw goes on, unless each of the person's values
// must have its own.
Draw TagOf(const Call& call, const Person& person) {
  return call.seeded && call.unique ? call.Value("contact") : person.draw;
}

// The person's names before the tag, as long as they fit; nothing if none does.
void AppendNames(const Person& person, std::string_view between, std::size_t most,
                 std::string& out) {
  const std::size_t from = out.size();
  AppendAscii(person.first, out);
  const std::size_t first = out.size() - from;
  out.append(between);
  const std::size_t middle = out.size();
  AppendAscii(person.last, out);
  if (out.size() - from <= most) return;
  if (out.size() - from - first + 1 <= most) {
    out.erase(from + 1, first - 1);
  } else if (out.size() - middle <= most) {
    out.erase(from, middle - from);
  } else if (first <= most) {
    out.resize(from + first);
  } else {
    out.resize(from);
  }
}

// A handle: names and tag. Without room for the tag as much of it as there is.
void AppendHandle(const Call& call, const Person& person, std::size_t room) {
  Draw tag = TagOf(call, person);
  if (room > kUniqueChars) {
    AppendNames(person, "", std::min(room - kUniqueChars, kMostName), call.out);
  }
  tag.Base32(std::min(room, kUniqueChars), call.out);
}

void AppendEmail(const Call& call) {
  const Person person(call);
  Draw tag = TagOf(call, person);
  constexpr std::size_t kRest = 1 + kDomainChars;
  if (call.room >= kUniqueChars + kRest) {
    const std::size_t local = std::min(call.room - kRest, kMostLocal);
    if (local > kUniqueChars + 1) {
      AppendNames(person, ".", local - kUniqueChars - 1, call.out);
      if (!call.out.empty()) call.out.push_back('.');
    }
    tag.Base32(kUniqueChars, call.out);
    call.out.push_back('@');
    call.out.append(kDomains[std::uint64_t{person.other_bits} * kDomains.size() >> 32U]);
    return;
  }
  constexpr std::size_t kShortRest = 1 + kShortDomain.size();
  if (call.unique && call.room < kLeastEmail) FailRoom(call, kLeastEmail);
  if (call.room <= kShortRest) return tag.Base32(call.room, call.out);
  tag.Base32(std::min(call.room - kShortRest, kUniqueChars), call.out);
  call.out.push_back('@');
  call.out.append(kShortDomain);
}

void Finish(const Call& call) {
  if (StyleOf(call.text) == Style::kUpper) Capitals(call.out, 0);
}

bool IsAddress(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at != 0 && at + 1 < text.size();
}

}  // namespace

void Email(const Call& call) {
  AppendEmail(call);
  Finish(call);
}

void Username(const Call& call) {
  // Whose user name is the address has the same one in both columns.
  if (IsAddress(call.text) && call.room >= kLeastEmail) return Email(call);
  if (call.unique && call.room < kUniqueChars) FailRoom(call, kUniqueChars);
  AppendHandle(call, Person(call), call.room);
  Finish(call);
}

void Url(const Call& call) {
  constexpr std::string_view kScheme = "https://";
  constexpr std::string_view kHost = "www.example.com/";
  if (call.unique && call.room < kUniqueChars) FailRoom(call, kUniqueChars);
  std::size_t room = call.room;
  const bool scheme = call.text.find("://") != std::string_view::npos;
  if (scheme && room >= kScheme.size() + kHost.size() + kUniqueChars) {
    call.out.append(kScheme);
    room -= kScheme.size();
  }
  if (room >= kHost.size() + kUniqueChars) {
    call.out.append(kHost);
    room -= kHost.size();
  }
  AppendHandle(call, Person(call), room);
  Finish(call);
}

void SocialHandle(const Call& call) {
  if (call.unique && call.room < kUniqueChars) FailRoom(call, kUniqueChars);
  std::size_t room = call.room;
  if (call.text.front() == '@' && room > kUniqueChars) {
    call.out.push_back('@');
    --room;
  }
  AppendHandle(call, Person(call), room);
  Finish(call);
}

}  // namespace gdpr::fake
