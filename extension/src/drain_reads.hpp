// SPDX-License-Identifier: PostgreSQL
// Statements of the spool become rows: numbers in place of names, people in place of what a link
// says, chunks of one long statement put together.
#pragma once

#include "core/spool_frame.hpp"

#include "extension/src/drain_links.hpp"
#include "extension/src/drain_names.hpp"
#include "extension/src/drain_rows.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// What F frames defined in a file; actor -1: not asked for yet.
struct FactsDefinition {
  bool known;
  FactsFrame facts;
  int32 actor;
};

/// What P frames defined in a file; numbers by native, -1: not asked for yet.
struct PlaceDefinition {
  bool known;
  PlaceFrame place;
  int32 numbers[2];
};

/// Definitions of one file, in its memory.
struct Definitions {
  FactsDefinition* facts;
  int facts_room;
  PlaceDefinition* places;
  int places_room;
};

/// Chunks that wait for further ones of the same statement and place.
struct Gathered;

constexpr int kGathered = 32;

/// What writes the rows of one batch.
struct ReadSink {
  MemoryContext batch;
  MemoryContext frame;  ///< reset after each
  ReadWriter writer;
  DrainNames* names;
  DrainLinks* links;
  Gathered* gathered[kGathered];
  int gathered_count;
};

/// `careful`: after a batch that failed, statement by statement.
void BeginSink(ReadSink& sink, MemoryContext batch, bool careful);

void Define(Definitions& definitions, const FactsFrame& facts);
void Define(Definitions& definitions, const PlaceFrame& place);

enum class Written {
  kYes,
  kHeld,  ///< a table on the way of a link is locked; nothing was written
  kNot,   ///< it cannot be written: an error that is the statement's own (careful only)
};

/// Writes the rows of a statement's frame.
Written WriteStatement(ReadSink& sink, Definitions& definitions, const SpoolFrame& frame,
                       int32 process);

/// Keeps a chunk until further ones of its statement and place were met (drain_chunks.cpp). What it
/// holds is copied.
void Gather(ReadSink& sink, const ReadRow& row);

/// Writes the chunks of a statement: they come before its end.
void WriteGatheredOf(ReadSink& sink, int64 statement);

/// Writes what was gathered of a file, whose definitions go.
void WriteGathered(ReadSink& sink);

void EndSink(ReadSink& sink);

}  // namespace gdpr::pg
