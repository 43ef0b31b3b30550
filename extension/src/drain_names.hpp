// SPDX-License-Identifier: PostgreSQL
// Numbers for what reads have in common: who read, where, and people whose keys are no numbers.
// What is remembered lasts for one batch: an erasure changes what numbers stand for.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/spool_frame.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// One statement of SQL whose plan a process keeps.
struct DrainQuery {
  const char* text;
  int count;
  Oid types[14];
  int expected;  ///< SPI_OK_…
  SPIPlanPtr plan;
};

/// Runs it in the connection of the batch; whole rows are in SPI_tuptable.
void RunDrainQuery(DrainQuery& query, Datum* values, const char* nulls);

/// A text of the server, or NULL where the bytes are none in its encoding.
text* ServerText(std::string_view bytes);

/// What a batch knows; opaque.
struct DrainNames;

DrainNames* BeginNames(MemoryContext batch);

/// The number of an actor, or 0 where the facts are not texts. Of an application user who left
/// after `at` neither name nor address is kept.
int32 ActorOf(DrainNames* names, const FactsFrame& facts, TimestampTz at);

/// Whether application users have left of late, so that it depends on the time what an actor is.
bool ClaimsLeft(DrainNames* names);

/// For a batch that left nothing undrained: who left long ago has no reads in the spool any more.
void ForgetClaims();

/// The number of a place whose people are written as `native` says, or 0 where names are not texts.
int32 PlaceOf(DrainNames* names, const PlaceFrame& place, bool native);

/// The number of a person by key; of one who left, whose key was personal, that of the digest.
/// 0: the key is no text.
int64 PersonOf(DrainNames* names, std::string_view subject_type, std::string_view key,
               TimestampTz at, bool engine);

/// Whether people of the type have left whose keys were personal.
bool HasDigests(DrainNames* names, std::string_view subject_type);

/// Whether the key, which is a number, is one of them: its number among persons, or 0.
int64 DigestOf(DrainNames* names, std::string_view subject_type, int64 key, TimestampTz at,
               bool engine);

}  // namespace gdpr::pg
