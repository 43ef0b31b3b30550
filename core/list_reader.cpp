// SPDX-License-Identifier: PostgreSQL
#include "list_reader.hpp"

namespace gdpr {

void ListReader::Feed(std::string_view piece) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_.append(piece);
}

bool ListReader::EndsValue(std::size_t at) const {
  const char c = buffer_[at];
  return c == dialect_.line_end || (dialect_.delimiter != '\0' && c == dialect_.delimiter);
}

// From the quote at `at` to what ends the value. A line end after a closing quote ends the record.
ListReader::Scan ListReader::ScanQuoted(std::size_t& at) {
  const std::size_t start = at + 1;
  bool escaped = false;
  for (++at;; ++at) {
    if (IsOver(at)) return Scan::kOpenQuote;
    if (at == buffer_.size()) return ended_ ? Scan::kOpenQuote : Scan::kMore;
    if (IsLineEnd(at)) ++lines_;
    if (buffer_[at] != '"') continue;
    if (at + 1 == buffer_.size() && !ended_) return Scan::kMore;
    if (at + 1 == buffer_.size() || buffer_[at + 1] != '"') break;
    escaped = true;
    ++at;
  }
  spans_.push_back({start, at, escaped});
  for (++at;; ++at) {
    if (IsOver(at)) return Scan::kOpenQuote;
    if (at == buffer_.size()) return ended_ ? Scan::kRecord : Scan::kMore;
    if (EndsValue(at)) return Scan::kRecord;
    const char c = buffer_[at];
    if (c != ' ' && c != '\r' && c != '\t') return Scan::kOpenQuote;
  }
}

ListReader::Scan ListReader::ScanPlain(std::size_t& at) {
  const std::size_t start = at;
  for (;; ++at) {
    if (IsOver(at)) return Scan::kTooLong;
    if (at == buffer_.size()) {
      if (!ended_) return Scan::kMore;
      break;
    }
    if (EndsValue(at)) break;
  }
  std::size_t end = at;
  while (end > start && buffer_[end - 1] == '\r') --end;
  spans_.push_back({start, end, false});
  return Scan::kRecord;
}

// Sets next_ to where reading stopped: behind the record, or at what is wrong with it.
ListReader::Scan ListReader::ScanRecord() {
  spans_.clear();
  lines_ = 0;
  for (std::size_t at = at_;; ++at) {
    std::size_t quote = at;
    while (quote < buffer_.size() && !IsOver(quote) && !EndsValue(quote) &&
           (buffer_[quote] == ' ' || buffer_[quote] == '\t')) {
      ++quote;
    }
    if (quote == buffer_.size() && !ended_ && !IsOver(quote)) return Scan::kMore;
    const bool quoted = quotes_given_up_ == 0 && quote < buffer_.size() && buffer_[quote] == '"';
    if (quoted) at = quote;
    const Scan scan = quoted ? ScanQuoted(at) : ScanPlain(at);
    next_ = at;
    if (scan != Scan::kRecord) return scan;
    if (at == buffer_.size()) return scan;
    if (IsLineEnd(at)) {
      ++lines_;
      next_ = at + 1;
      return scan;
    }
  }
}

void ListReader::FillValues() {
  std::size_t room = 0;
  for (const Span& span : spans_) room += span.escaped ? span.end - span.start : 0;
  unescaped_.clear();
  unescaped_.reserve(room);  // views into it stay where they are
  values_.clear();
  const std::string_view buffer = buffer_;
  for (const Span& span : spans_) {
    std::string_view text = buffer.substr(span.start, span.end - span.start);
    if (span.escaped) {
      const std::size_t start = unescaped_.size();
      for (std::size_t i = 0; i < text.size(); ++i) {
        unescaped_.push_back(text[i]);
        if (text[i] == '"') ++i;
      }
      text = std::string_view(unescaped_).substr(start);
    }
    values_.push_back(text);
  }
}

bool ListReader::Give(Record& record, Record::Flaw flaw) {
  record.flaw = flaw;
  record.line = line_;
  if (flaw != Record::Flaw::kNone) spans_.clear();
  FillValues();
  record.values = &values_;
  read_ += next_ - at_;
  line_ += lines_;
  at_ = next_;
  return true;
}

// The record's first line is given up, and reading goes on behind it, as if its quote were none.
bool ListReader::GiveFirstLine(Record& record, Record::Flaw flaw) {
  const std::size_t stopped = next_;
  const std::size_t end = buffer_.find(dialect_.line_end, at_);
  lines_ = 0;
  if (end == std::string::npos || end >= stopped) {
    skipping_ = true;
  } else {
    next_ = end + 1;
    lines_ = 1;
    read_twice_ += stopped - next_;
  }
  Give(record, flaw);
  if (quotes_given_up_ == 0 && read_twice_ > kPatience + read_ / 2) quotes_given_up_ = line_;
  return true;
}

// Behind the line that was too long; false: its end is not there yet.
bool ListReader::SkipLine() {
  const std::size_t end = buffer_.find(dialect_.line_end, at_);
  const bool there = end != std::string::npos;
  const std::size_t next = there ? end + 1 : buffer_.size();
  read_ += next - at_;
  at_ = next;
  if (there) ++line_;
  skipping_ = !there;
  return there;
}

bool ListReader::Next(Record& record) {
  if (skipping_ && !SkipLine()) return false;
  if (at_ == buffer_.size()) return false;
  switch (ScanRecord()) {
    case Scan::kMore:
      return false;
    case Scan::kOpenQuote:
      return GiveFirstLine(record, Record::Flaw::kOpenQuote);
    case Scan::kTooLong:
      skipping_ = true;
      return Give(record, Record::Flaw::kTooLong);
    case Scan::kRecord:
      break;
  }
  return Give(record, Record::Flaw::kNone);
}

}  // namespace gdpr
