// SPDX-License-Identifier: PostgreSQL
// Files of the spool, as the drain meets them. Nothing here trusts what is in them.
#pragma once

#include "extension/src/spool_files.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Files of this database, those of one process together and in their order.
struct SpoolList {
  SpoolFile* files;
  int count;
};

/// Lists them in the current context; a directory that is not there has none.
SpoolList ListSpool();

/// A file that was opened.
struct OpenSpoolFile {
  int fd;      ///< -1: it is gone, or cannot be read
  int64 size;  ///< now
  bool live;   ///< its process may write more
  char* data;  ///< after ReadSpoolFile
};

/// Opens a file and looks whether its process is there still. `last`: there is none after it.
OpenSpoolFile OpenSpool(const SpoolFile& file, bool last);

/// Reads all of it into the current context. False: it cannot be read.
bool ReadSpoolFile(OpenSpoolFile& open);

void CloseSpoolFile(OpenSpoolFile& open);

/// How long a file is; 0: it is gone.
int64 SpoolFileSize(const SpoolFile& file);

/// Whether there is a segment after this one by now.
bool HasNextSegment(const SpoolFile& file);

/// Removes a file whose frames are committed and flushed.
void RemoveSpoolFile(const SpoolFile& file);

/// Puts a file aside, for people to look at.
void QuarantineSpoolFile(const SpoolFile& file);

}  // namespace gdpr::pg
