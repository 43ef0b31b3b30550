// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_sample_units.hpp"

#include <algorithm>

namespace gdpr::batch {
namespace {

using Role = SampleRoles::Role;

class Decision {
 public:
  Decision(const std::vector<SampleUnit>& units, const std::vector<SampleReference>& references)
      : units_(units), references_(references), decided_(units.size(), false) {
    result_.roles.assign(units.size(), Role::kWhole);
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      if (units[unit].people || units[unit].linked) {
        Decide(unit, units[unit].people ? Role::kPeople : Role::kHangs);
      }
    }
  }

  // Round by round, so that a key leads down only from tables that were there before: never in
  // circles, in which everybody would be reached.
  void GrowTree(SampleTree& tree) {
    for (std::set<std::size_t> added = tree.units; !added.empty();) {
      std::set<std::size_t> next;
      for (const SampleReference& reference : references_) {
        if (Leads(reference) && !decided_[reference.child] &&
            tree.units.contains(reference.parent)) {
          next.insert(reference.child);
        }
      }
      for (std::size_t number = 0; number < references_.size(); ++number) {
        const SampleReference& reference = references_[number];
        if (Leads(reference) && next.contains(reference.child) &&
            tree.units.contains(reference.parent)) {
          result_.down.insert(number);
        }
      }
      for (const std::size_t unit : next) Decide(unit, Role::kHangs);
      tree.units.insert(next.begin(), next.end());
      added = std::move(next);
    }
  }

  // The rest: who is sampled at all, then on whom it hangs.
  void DecideRest() {
    std::set<std::size_t> sampled;
    for (std::size_t unit = 0; unit < units_.size(); ++unit) {
      if (!decided_[unit] && !units_[unit].small) sampled.insert(unit);
    }
    for (bool grown = true; grown;) {
      grown = false;
      for (const SampleReference& reference : references_) {
        if (Leads(reference) && !decided_[reference.child] && sampled.contains(reference.parent)) {
          grown = sampled.insert(reference.child).second || grown;
        }
      }
    }
    std::vector<std::size_t> above(units_.size(), kNone);
    for (const std::size_t unit : sampled) above[unit] = LargestParent(unit, sampled);
    for (const std::size_t unit : sampled) BreakCircle(unit, above);
    for (const std::size_t unit : sampled) {
      Decide(unit, above[unit] == kNone ? Role::kDrawn : Role::kHangs);
      for (std::size_t number = 0; number < references_.size(); ++number) {
        const SampleReference& reference = references_[number];
        if (Leads(reference) && reference.child == unit && reference.parent == above[unit]) {
          result_.down.insert(number);
        }
      }
    }
  }

  SampleRoles Take() { return std::move(result_); }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  void Decide(std::size_t unit, Role role) {
    decided_[unit] = true;
    result_.roles[unit] = role;
  }

  static bool Leads(const SampleReference& reference) {
    return !reference.stopped && reference.child != reference.parent;
  }

  bool Larger(std::size_t one, std::size_t other) const {
    return std::pair(units_[one].size, other) > std::pair(units_[other].size, one);
  }

  std::size_t LargestParent(std::size_t unit, const std::set<std::size_t>& sampled) const {
    std::size_t largest = kNone;
    for (const SampleReference& reference : references_) {
      if (!Leads(reference) || reference.child != unit || !sampled.contains(reference.parent)) {
        continue;
      }
      if (largest == kNone || Larger(reference.parent, largest)) largest = reference.parent;
    }
    return largest;
  }

  // Of tables that hang on each other in a circle the largest is drawn.
  void BreakCircle(std::size_t unit, std::vector<std::size_t>& above) const {
    std::set<std::size_t> seen;
    while (unit != kNone && seen.insert(unit).second) unit = above[unit];
    if (unit == kNone) return;
    std::size_t largest = unit;
    for (std::size_t next = above[unit]; next != unit; next = above[next]) {
      if (Larger(next, largest)) largest = next;
    }
    above[largest] = kNone;
  }

  const std::vector<SampleUnit>& units_;
  const std::vector<SampleReference>& references_;
  std::vector<bool> decided_;
  SampleRoles result_;
};

}  // namespace

SampleRoles DecideRoles(const std::vector<SampleUnit>& units,
                        const std::vector<SampleReference>& references,
                        std::vector<SampleTree> trees) {
  Decision decision(units, references);
  std::ranges::stable_sort(trees, std::greater<>(), &SampleTree::size);
  for (SampleTree& tree : trees) decision.GrowTree(tree);
  decision.DecideRest();
  return decision.Take();
}

}  // namespace gdpr::batch
