// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_dest.hpp"

#include "extension/src/access_node.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

RowGate* GateOf(DestReceiver* self) {
  return reinterpret_cast<RowGate*>(self);
}

void Hold(RowGate* gate, TupleTableSlot* slot) {
  MemoryContext outer = MemoryContextSwitchTo(gate->capture->context);
  gate->held = MakeSingleTupleTableSlot(slot->tts_tupleDescriptor, &TTSOpsVirtual);
  ExecCopySlot(gate->held, slot);
  MemoryContextSwitchTo(outer);
  gate->holding = true;
}

bool LetGo(RowGate* gate) {
  gate->holding = false;
  bool more = gate->behind->receiveSlot(gate->held, gate->behind);
  ExecDropSingleTupleTableSlot(gate->held);
  gate->held = nullptr;
  return more;
}

bool Receive(TupleTableSlot* slot, DestReceiver* self) {
  RowGate* gate = GateOf(self);
  Capture* capture = gate->capture;
  bool rechecked = capture->rechecks != nullptr && NoteRechecks(capture);
  // Once the beginning is on record, chunks follow by themselves
  if (gate->open && (capture->begun || !HasNews(capture)) && !rechecked) {
    return gate->behind->receiveSlot(slot, gate->behind);
  }
  if (!gate->open && !gate->holding) {
    Hold(gate, slot);
    return true;
  }
  WriteRecord(capture, Ending::kNot, SpoolMode::kDurable);
  gate->open = true;
  if (gate->holding && !LetGo(gate)) return false;
  return gate->behind->receiveSlot(slot, gate->behind);
}

void StartUp(DestReceiver* self, int operation, TupleDesc desc) {
  DestReceiver* behind = GateOf(self)->behind;
  behind->rStartup(behind, operation, desc);
}

// Rows of these stay within the server for now, and their consumer asks for a few at a time: a
// chunk waits until it is full, as within a run.
bool StaysHere(const RowGate* gate) {
  return gate->receiver.mydest == DestSPI || gate->receiver.mydest == DestSQLFunction;
}

// The end of a run: a portal may go on with another one.
void ShutDown(DestReceiver* self) {
  RowGate* gate = GateOf(self);
  Capture* capture = gate->capture;
  uint64 rows = capture->query->estate->es_processed;
  (void)NoteRechecks(capture);
  bool last = gate->last && (gate->limit == 0 || gate->once || rows < gate->limit);
  if (last || !capture->begun || !StaysHere(gate)) {
    WriteRecord(capture, last ? Ending::kComplete : Ending::kNot, SpoolMode::kDurable);
  }
  if (gate->holding) (void)LetGo(gate);
  gate->behind->rShutdown(gate->behind);
}

// Whoever made the receiver behind it ends it.
void Destroy(DestReceiver*) {}

}  // namespace

DestReceiver* OpenGate(Capture* capture, DestReceiver* behind, uint64 limit, bool once,
                       bool forward) {
  RowGate* gate = &capture->gate;
  *gate = RowGate{};
  gate->receiver.receiveSlot = Receive;
  gate->receiver.rStartup = StartUp;
  gate->receiver.rShutdown = ShutDown;
  gate->receiver.rDestroy = Destroy;
  gate->receiver.mydest = behind->mydest;
  gate->behind = behind;
  gate->capture = capture;
  gate->limit = limit;
  gate->once = once;
  gate->last = forward;
  return &gate->receiver;
}

}  // namespace gdpr::pg
