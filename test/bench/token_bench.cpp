// SPDX-License-Identifier: PostgreSQL
// A million tokens on one core: made, then read. Prints figure and goal; fails beyond 1.5 times it.
// Seconds are the processor's: other programs on the machine do not count.
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "core/token.hpp"

namespace {

constexpr int kTokens = 1'000'000;
constexpr double kGoal = 5.0;
constexpr double kBeyond = 1.5;

template <class Work>
double Seconds(Work work) {
  const std::clock_t began = std::clock();
  work();
  return static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
}

}  // namespace

int main() {
  const gdpr::Key master{1};
  gdpr::TokenBox box(master, "00000000-0000-4000-8000-000000000000", 1);
  gdpr::TokenContent content{"contact",          "", "newsletter", "terms", 3, 846'000'000'000'000,
                             848'592'000'000'000};
  std::vector<std::string> tokens(kTokens);
  const double made = Seconds([&] {
    for (int i = 0; i < kTokens; ++i) {
      content.subject_key = std::to_string(i);
      tokens[static_cast<std::size_t>(i)] = box.Seal(content);
    }
  });
  int wrong = 0;
  const double read = Seconds([&] {
    for (int i = 0; i < kTokens; ++i) {
      const auto found = box.Open(tokens[static_cast<std::size_t>(i)]);
      wrong += found && found->subject_key == std::to_string(i) ? 0 : 1;
    }
  });
  std::printf("%d tokens made: %.2f s, goal %.0f s; read: %.2f s; %zu characters each; %d wrong\n",
              kTokens, made, kGoal, read, tokens[kTokens / 2].size(), wrong);
  return wrong == 0 && made <= kGoal * kBeyond ? 0 : 1;
}
