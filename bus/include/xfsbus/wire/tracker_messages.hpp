#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// The messages between a peer and its tracker; messages.hpp has all.
namespace xfsbus::wire {

inline constexpr std::uint32_t complete_ppm = 1'000'000;

/// "Here I am." Begins or renews a peer's entry in the directory; its files follow by Update.
struct Register {
    PeerId peer;
    Endpoint listens;                ///< host empty: take the address the message came from
    std::uint32_t heartbeat_ms = 0;  ///< how often it will send; 0: it stays silent
    std::string labels;              ///< "key=value,..."
    friend bool operator==(Register const&, Register const&) = default;
};

struct Registered {
    std::uint64_t epoch = 0;         ///< this life of the tracker
    std::uint32_t lease_ms = 0;      ///< an entry not renewed for so long is dropped
    std::uint32_t heartbeat_ms = 0;  ///< how often the tracker wants to hear
    Endpoint listens;                ///< the address that others are told
    friend bool operator==(Registered const&, Registered const&) = default;
};

/// A file as a peer announces it.
struct FileEntry {
    std::string name;
    ContentId content;
    std::uint64_t size = 0;
    std::uint32_t have_ppm = complete_ppm;  ///< how much of it the peer has
    friend bool operator==(FileEntry const&, FileEntry const&) = default;
};

/// A change of a peer's list of files, or a batch of the whole list. Numbered without gaps.
struct Update {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;  ///< one more than the last Update of this registration; from 1
    bool full_begin = false;     ///< forget what came before when full_end is reached
    bool full_end = false;       ///< the whole list has been sent
    std::vector<FileEntry> added;
    std::vector<std::string> removed;
    friend bool operator==(Update const&, Update const&) = default;
};

struct Updated {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    friend bool operator==(Updated const&, Updated const&) = default;
};

/// "Still here", sent when there was nothing else to say.
struct Heartbeat {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;  ///< of the last Update sent
    std::uint32_t load = 0;
    friend bool operator==(Heartbeat const&, Heartbeat const&) = default;
};

struct Alive {
    std::uint64_t epoch = 0;
    std::uint32_t heartbeat_ms = 0;  ///< how often from now on; 0: as before
    friend bool operator==(Alive const&, Alive const&) = default;
};

struct Leave {
    friend bool operator==(Leave const&, Leave const&) = default;
};

struct Left {
    std::uint64_t epoch = 0;
    friend bool operator==(Left const&, Left const&) = default;
};

enum class FindBy : std::uint8_t { name = 0, glob = 1, content_prefix = 2 };

/// "Who has it?"
struct Find {
    FindBy by = FindBy::name;
    std::string query;        ///< a name, a pattern, or the first bytes of a content id in hex
    std::string after;        ///< cursor: the `next` of the page before; empty: from the start
    std::uint32_t limit = 0;  ///< most files in the answer; 0: as many as fit
    /// Most sources that are named of a file, a sample if it has more; 0: as many as an answer
    /// holds.
    std::uint32_t sources = 0;
    /// All sources of each file are named, over as many pages as that takes.
    bool every = false;
    friend bool operator==(Find const&, Find const&) = default;
};

struct SourceEntry {
    PeerId peer;
    Endpoint listens;
    std::uint32_t have_ppm = complete_ppm;
    std::string labels;
    friend bool operator==(SourceEntry const&, SourceEntry const&) = default;
};

/// One version of one name and those who have it.
struct FoundFile {
    std::string name;
    ContentId content;
    std::uint64_t size = 0;
    std::uint32_t source_count = 0;  ///< known; `sources` may be a sample
    std::vector<SourceEntry> sources;
    friend bool operator==(FoundFile const&, FoundFile const&) = default;
};

struct Found {
    std::uint64_t epoch = 0;
    std::vector<FoundFile> files;
    std::string next;  ///< cursor of the next page; empty: that was all
    friend bool operator==(Found const&, Found const&) = default;
};

struct ListPeers {
    std::string after;
    friend bool operator==(ListPeers const&, ListPeers const&) = default;
};

struct PeerEntry {
    PeerId peer;
    Endpoint listens;
    std::uint64_t files = 0;
    std::uint32_t load = 0;
    std::uint32_t heard_ms_ago = 0;
    std::string labels;
    friend bool operator==(PeerEntry const&, PeerEntry const&) = default;
};

struct PeerList {
    std::uint64_t epoch = 0;
    std::vector<PeerEntry> peers;
    std::string next;
    bool young = false;  ///< the tracker has not been up for long: peers may be missing
    friend bool operator==(PeerList const&, PeerList const&) = default;
};

/// "What is there, and what changes?" One question is one step: it asks for a page of the list of
/// the peers, if they are wanted, and then of the files that match; or, with an `epoch` and a
/// `sequence` that an answer gave, for what has changed since. Without a change the tracker waits
/// for one with its answer.
struct Subscribe {
    std::string query;           ///< a pattern of files; empty: none are wanted
    std::string after;           ///< cursor: the `next` of the page before; empty: no such page
    std::uint64_t epoch = 0;     ///< of the answer before; 0: there was none
    std::uint64_t sequence = 0;  ///< of the answer before
    bool peers = false;          ///< peers are wanted, too
    friend bool operator==(Subscribe const&, Subscribe const&) = default;
};

/// One version of one name, and how many have it: nobody, if it is gone.
struct ListedFile {
    std::string name;
    ContentId content;
    std::uint64_t size = 0;
    std::uint32_t complete = 0;  ///< peers that have all of it
    std::uint32_t partial = 0;   ///< peers that have a part of it
    friend bool operator==(ListedFile const&, ListedFile const&) = default;
};

struct Changes {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;  ///< up to which changes are told
    std::vector<ListedFile> files;
    std::string next;    ///< cursor of the list's next page; empty: the list is over
    bool begin = false;  ///< the whole list begins here, whatever was asked
    bool young = false;  ///< the tracker has not been up for long: files and peers may be missing
    std::vector<PeerEntry> peers = {};  ///< that are there
    std::vector<PeerId> gone = {};      ///< peers that are not there any more
    friend bool operator==(Changes const&, Changes const&) = default;
};

}  // namespace xfsbus::wire
