#pragma once

#include <xfsbus/swarm/told_list.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// What has become of a file.
enum class FileNews : std::uint8_t {
    there,     ///< it was there when the subscription began
    appeared,  ///< nobody had anything of this name
    changed,   ///< this name has this content now, too, or instead of another
    holders,   ///< others have it now, or, where nobody has, it was one content of several
    gone,      ///< nobody has anything of this name any more
};

/// What has become of a peer.
enum class PeerNews : std::uint8_t {
    there,     ///< it was there when the subscription began
    appeared,  ///< it is there now
    changed,   ///< it has another address, or other labels
    gone,      ///< it is not there any more
};

/// What one subscription knows of the peers and of the files that match, from the tracker's
/// answers, and what of it has not been told yet. Each is told as it is then, so who asks seldom is
/// told less. After a restart of the tracker only what differs is told. A core; one thread.
class Subscription {
  public:
    struct News {
        FileNews what = FileNews::there;
        wire::ListedFile file;
    };

    struct NewsOfPeer {
        PeerNews what = PeerNews::there;
        wire::PeerEntry peer;  ///< one that is gone: as it was told last
    };

    /// What it is about.
    struct Wanted {
        std::string files;  ///< a pattern; empty: none
        bool peers = false;
    };

    /// What a file takes in memory, with its name twice.
    static std::size_t bytes_of(std::string const& name) { return 320 + 2 * name.size(); }

    /// What a peer takes beside its texts, of which there may be two of each.
    static constexpr std::size_t peer_bytes = 512;

    /// Some 300,000 files.
    static constexpr std::size_t bytes_most = 128 * 1024 * 1024;

    explicit Subscription(Wanted wanted, std::size_t most = bytes_most)
        : wanted_(std::move(wanted)), most_(most) {}

    /// What the tracker is to be asked next.
    [[nodiscard]] wire::Subscribe question() const;

    /// Takes in what it answered. Errc::usage: more matches than there is room for.
    Status on_answer(wire::Changes const& answer);

    /// What is to be told next of a file; nullopt: all is told.
    std::optional<News> next();
    /// The same of a peer.
    std::optional<NewsOfPeer> next_peer();

    /// The files that were told of, and are there.
    [[nodiscard]] std::vector<wire::ListedFile> files() const;

  private:
    using Version = std::pair<std::string, wire::ContentId>;

    struct Holders {
        std::uint64_t size = 0;
        std::uint32_t complete = 0;
        std::uint32_t partial = 0;

        [[nodiscard]] bool none() const { return complete == 0 && partial == 0; }

        [[nodiscard]] Holders gone() const { return {size, 0, 0}; }

        [[nodiscard]] static std::size_t bytes() { return 0; }

        friend bool operator==(Holders const& a, Holders const& b) {
            return a.complete == b.complete && a.partial == b.partial;
        }
    };

    /// Of each name: how many of its versions are so.
    class Names {
      public:
        struct Versions {
            int known = 0;
            int there = 0;
            int told = 0;
        };

        static std::size_t bytes(Version const& file) { return bytes_of(file.first); }

        void known(Version const& file, int more);

        void there(Version const& file, int more) { names_[file.first].there += more; }

        void told(Version const& file, int more) { names_[file.first].told += more; }

        [[nodiscard]] Versions const& of(std::string const& name) const { return names_.at(name); }

      private:
        std::map<std::string, Versions> names_;
    };

    struct Presence {
        bool there = false;
        wire::PeerEntry entry = {};

        [[nodiscard]] bool none() const { return !there; }

        [[nodiscard]] Presence gone() const { return {false, entry}; }

        [[nodiscard]] std::size_t bytes() const {
            return entry.listens.host.size() + entry.labels.size();
        }

        friend bool operator==(Presence const& a, Presence const& b) {
            return a.there == b.there && (!a.there || (a.entry.listens == b.entry.listens &&
                                                       a.entry.labels == b.entry.labels));
        }
    };

    /// Peers are told by their ids alone.
    struct NoTally {
        static std::size_t bytes(wire::PeerId const&) { return peer_bytes; }

        void known(wire::PeerId const&, int) {}

        void there(wire::PeerId const&, int) {}

        void told(wire::PeerId const&, int) {}
    };

    using Files = ToldList<Version, Holders, Names>;
    using Peers = ToldList<wire::PeerId, Presence, NoTally>;

    void take(std::vector<wire::ListedFile> const& files);
    [[nodiscard]] News news_of(Files::Thing const& file) const;
    [[nodiscard]] static NewsOfPeer news_of(Peers::Thing const& peer);

    Wanted wanted_;
    std::size_t most_;
    std::uint64_t epoch_ = 0;
    std::uint64_t sequence_ = 0;
    std::string after_;
    Files files_;
    Peers peers_;
};

}  // namespace xfsbus::swarm
