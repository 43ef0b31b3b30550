// SPDX-License-Identifier: PostgreSQL
// What could not be recorded, counted where there is always room: in shared memory, and in a file
// that was written in full when the server started. A frame tells it as soon as frames can be
// written again; the counts stay in the reserve until then, through any crash.
//
// A count is subtracted after its frame is written, so a crash between the two tells it twice: too
// many statements are called lost rather than too few.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crc32c.hpp"
#include "extension/src/spool_files.hpp"
#include "extension/src/spool_memory.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr uint32 kReserveMagic = 0x67647072;  // "gdpr", and the version of what follows
constexpr uint32 kReserveVersion = 1;
constexpr int kReserveBytes = 4096;

struct ReserveSlot {
  uint64 dropped[3];  // amount, from, to
  uint64 refused[3];
  uint32 database;
  uint32 unused;
};

struct Reserve {
  uint32 magic;
  uint32 version;
  uint32 crc;  // CRC-32C of the slots
  uint32 unused;
  ReserveSlot slots[kLostSlots];
};
static_assert(sizeof(Reserve) <= kReserveBytes);
static_assert(sizeof(ReserveSlot) == 56);

// Opened by the postmaster: its children have it, and need neither a path nor a free descriptor
// when things go wrong.
int reserve = -1;

uint32 Checksum(const Reserve& image) {
  return Crc32c({reinterpret_cast<const char*>(image.slots), sizeof(image.slots)});
}

void Read(LostCount& count, uint64* numbers) {
  numbers[0] = pg_atomic_read_u64(&count.amount);
  numbers[1] = pg_atomic_read_u64(&count.from);
  numbers[2] = pg_atomic_read_u64(&count.to);
}

void Restore(LostCount& count, const uint64* numbers) {
  pg_atomic_write_u64(&count.amount, numbers[0]);
  pg_atomic_write_u64(&count.from, numbers[1]);
  pg_atomic_write_u64(&count.to, numbers[2]);
  if (numbers[0] > 0) pg_atomic_write_u32(&spool_shared->lost, 1);
}

bool HasAny(LostSlot& slot) {
  return pg_atomic_read_u64(&slot.dropped.amount) + pg_atomic_read_u64(&slot.refused.amount) > 0;
}

bool WriteImage() {
  char bytes[kReserveBytes] = {};
  Reserve image{};
  image.magic = kReserveMagic;
  image.version = kReserveVersion;
  for (int i = 0; i < kLostSlots; i++) {
    LostSlot& slot = spool_shared->slots[i];
    image.slots[i].database = pg_atomic_read_u32(&slot.database);
    Read(slot.dropped, image.slots[i].dropped);
    Read(slot.refused, image.slots[i].refused);
  }
  image.crc = Checksum(image);
  memcpy(bytes, &image, sizeof(image));
  return pwrite(reserve, bytes, sizeof(bytes), 0) == sizeof(bytes);
}

// One process at a time writes, and goes on while others counted meanwhile: whatever they left
// undone because of it, it does.
void UpdateReserve() {
  if (reserve < 0) return;
  pg_atomic_write_u32(&spool_shared->reserve_behind, 1);
  while (pg_atomic_exchange_u32(&spool_shared->reserve_busy, 1) == 0) {
    pg_atomic_exchange_u32(&spool_shared->reserve_behind, 0);
    bool written = WriteImage();
    pg_atomic_exchange_u32(&spool_shared->reserve_busy, 0);
    if (!written || pg_atomic_read_u32(&spool_shared->reserve_behind) == 0) return;
  }
}

// A reserve that is no longer what was written has lost its counts: that itself is a loss.
void ReadReserve() {
  char bytes[kReserveBytes];
  ssize_t size = pread(reserve, bytes, sizeof(bytes), 0);
  Reserve image{};
  if (size == kReserveBytes) memcpy(&image, bytes, sizeof(image));
  bool sound = image.magic == kReserveMagic && image.version == kReserveVersion &&
               image.crc == Checksum(image);
  for (int i = 0; sound && i < kLostSlots; i++) {
    LostSlot& slot = spool_shared->slots[i];
    pg_atomic_write_u32(&slot.database, image.slots[i].database);
    Restore(slot.dropped, image.slots[i].dropped);
    Restore(slot.refused, image.slots[i].refused);
  }
  if (sound || size == 0) return;
  auto now = static_cast<uint64>(GetCurrentTimestamp());
  const uint64 unknown[3] = {1, now, now};
  Restore(spool_shared->slots[0].dropped, unknown);
}

// The slot of this database: its own, one that is free now, or the one for all others.
LostSlot& MySlot() {
  for (int i = 1; i < kLostSlots; i++) {
    LostSlot& slot = spool_shared->slots[i];
    uint32 database = pg_atomic_read_u32(&slot.database);
    if (database == InvalidOid &&
        pg_atomic_compare_exchange_u32(&slot.database, &database, MyDatabaseId)) {
      return slot;
    }
    if (database == MyDatabaseId) return slot;
  }
  return spool_shared->slots[0];
}

LostSlot* SlotToTell() {
  for (int i = 0; i < kLostSlots; i++) {
    LostSlot& slot = spool_shared->slots[i];
    if (i > 0 && pg_atomic_read_u32(&slot.database) != MyDatabaseId) continue;
    if (HasAny(slot)) return &slot;
  }
  return nullptr;
}

// Whoever counts raises the flag after its count, so it is up in the end if there is any.
void LowerFlag() {
  pg_atomic_exchange_u32(&spool_shared->lost, 0);
  for (LostSlot& slot : spool_shared->slots) {
    if (HasAny(slot)) pg_atomic_write_u32(&spool_shared->lost, 1);
  }
}

// What came while the frame was written is later than what it told.
void Subtract(LostCount& count, const uint64* told) {
  if (told[0] == 0) return;
  if (pg_atomic_fetch_sub_u64(&count.amount, told[0]) > told[0]) {
    pg_atomic_write_u64(&count.from, told[2]);
    return;
  }
  uint64 from = told[1];
  pg_atomic_compare_exchange_u64(&count.from, &from, 0);
}

}  // namespace

void OpenReserve() {
  if (reserve >= 0) (void)close(reserve);  // after a crash of a process the server starts anew
  reserve = open(kSpoolReserve, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (reserve >= 0) ReadReserve();
  if (reserve < 0 || !WriteImage() || fsync(reserve) != 0) {
    ereport(LOG,
            (errcode_for_file_access(), errmsg("could not write file \"%s\": %m", kSpoolReserve),
             errdetail("Reads that cannot be recorded are counted in memory only.")));
  }
}

void CountLost(bool refused, uint64 statements) {
  if (spool_shared == nullptr || statements == 0) return;
  LostSlot& slot = MySlot();
  LostCount& count = refused ? slot.refused : slot.dropped;
  auto now = static_cast<uint64>(GetCurrentTimestamp());
  uint64 none = 0;
  pg_atomic_compare_exchange_u64(&count.from, &none, now);
  pg_atomic_write_u64(&count.to, now);
  pg_atomic_fetch_add_u64(&count.amount, statements);
  pg_atomic_write_u32(&spool_shared->lost, 1);
  UpdateReserve();
}

void ForgetLost(Oid database) {
  for (int i = 1; i < kLostSlots; i++) {
    LostSlot& slot = spool_shared->slots[i];
    if (pg_atomic_read_u32(&slot.database) != database) continue;
    const uint64 none[3] = {0, 0, 0};
    Restore(slot.dropped, none);
    Restore(slot.refused, none);
    pg_atomic_write_u32(&slot.database, InvalidOid);
    UpdateReserve();
  }
}

void ReadLost(uint64* dropped, uint64* refused, uint64* from) {
  *dropped = *refused = *from = 0;
  for (int i = 0; i < kLostSlots; i++) {
    LostSlot& slot = spool_shared->slots[i];
    if (i > 0 && pg_atomic_read_u32(&slot.database) != MyDatabaseId) continue;
    uint64 numbers[2][3];
    Read(slot.dropped, numbers[0]);
    Read(slot.refused, numbers[1]);
    *dropped += numbers[0][0];
    *refused += numbers[1][0];
    for (const uint64* count : numbers) {
      if (count[0] > 0 && (*from == 0 || count[1] < *from)) *from = count[1];
    }
  }
}

LostTale BeginTale() {
  LostTale tale{};
  if (pg_atomic_read_u32(&spool_shared->lost) == 0) return tale;
  LostSlot* slot = SlotToTell();
  if (slot == nullptr || pg_atomic_exchange_u32(&slot->telling, 1) != 0) return tale;
  tale.slot = slot;
  Read(slot->dropped, tale.dropped);
  Read(slot->refused, tale.refused);
  return tale;
}

void EndTale(const LostTale& tale, bool told) {
  if (tale.slot == nullptr) return;
  if (told) {
    Subtract(tale.slot->dropped, tale.dropped);
    Subtract(tale.slot->refused, tale.refused);
    LowerFlag();
    UpdateReserve();
    pg_atomic_write_u32(&spool_shared->complained, 0);
  }
  pg_atomic_exchange_u32(&tale.slot->telling, 0);
}

}  // namespace gdpr::pg
