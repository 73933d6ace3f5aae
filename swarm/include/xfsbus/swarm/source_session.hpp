#pragma once

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/swarm/partial_contents.hpp>
#include <xfsbus/swarm/uploads.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::swarm {

/// A peer as a source, as its sinks see it: the transfers that are open, who is told what is here,
/// and when. Uploads decides whose chunk is read next; all rules between it and the messages stand
/// here, and are the same in a peer and in a simulation.
///
/// A core: it is fed events with the time, and leaves actions. The owner has the connections, the
/// files and the clock: after each event, and when next_deadline() has come (by on_tick), it does
/// what take_actions() says, and then reads what next_read() names. One thread.
class SourceSession final : private ContentState::Follower {
  public:
    using Content = Uploads::Content;
    using Notice = Uploads::Notice;
    using Piece = Uploads::Piece;

    /// The contents that are whole here; null: this one is not.
    using FindWhole = std::function<Content(wire::ContentId const&)>;

    struct Send {
        SinkRoute to;
        wire::Message message;
    };

    /// A transfer that has been opened.
    struct Begun {
        wire::TransferId transfer;
        wire::ContentId content;
        wire::Endpoint sink;
        std::uint64_t bytes = 0;  ///< of the whole content, or of all contents of the bundle
        std::vector<wire::ContentId> bundle{};  ///< empty: it is a transfer of one content
    };

    /// A sink that serves what it has.
    struct Fellow {
        wire::TransferId transfer;  ///< of this sink; it may be over by now
        wire::ContentId content;
        wire::Endpoint listens;
    };

    /// To be done in the order of the members.
    struct Actions {
        std::vector<Begun> begun;     ///< prepare to read for them; refuse_sink() if that fails
        std::vector<Notice> refused;  ///< tell them
        std::vector<Send> sends;
        std::vector<Uploads::Ended> ended;     ///< nothing is read for them any more
        std::vector<Fellow> fellows;           ///< may be sources, if this content is fetched here
        std::vector<wire::ContentId> doubted;  ///< a sink says that these are not what is sent

        [[nodiscard]] bool empty() const {
            return begun.empty() && refused.empty() && sends.empty() && ended.empty() &&
                   fellows.empty() && doubted.empty();
        }
    };

    /// `seed`: of the random choice of what is offered to whom.
    SourceSession(Uploads::Limits const& limits, std::uint64_t seed, FindWhole find_whole);

    /// As Uploads::set_choice.
    void set_choice(std::shared_ptr<policies::UploadChoice> choice, Deliveries const* deliveries) {
        uploads_.set_choice(std::move(choice), deliveries);
    }

    /// Contents of which a part is here: what is put there is offered to sinks, as it grows.
    [[nodiscard]] PartialContents& partials() { return partials_; }

    /// Nothing of a content is here any more: whoever fetches it from here is told why.
    void withdraw(wire::ContentId const& content, std::string const& reason);

    // ---- what sinks say ----

    /// What is heard over a connection. Of one that is gone the sender is known by its route alone.
    using Word =
        std::variant<wire::Request, wire::Have, wire::Close, Uploads::Heard, Uploads::Gone>;
    void on_word(wire::Time now, wire::Sender const& sender, Word const& word);

    // ---- what becomes of chunks ----

    /// The next chunk to read; ends with on_done.
    std::optional<Piece> next_read(wire::Time now) { return uploads_.next(now); }

    /// As Uploads::on_done.
    void on_done(wire::Time now, Piece const& piece,
                 std::optional<Uploads::Unread> const& unread = {});

    /// Whether anything can be sent to this data endpoint. Taken to be so of a new one.
    void set_reachable(wire::Endpoint const& sink, bool reachable) {
        uploads_.set_reachable(sink, reachable);
    }

    /// Nothing can be sent there now: who waits at that sink is told, and may come again.
    void refuse_sink(wire::Endpoint const& sink);

    void on_tick(wire::Time now);

    // ---- answers ----

    Actions take_actions();
    [[nodiscard]] std::optional<wire::Time> next_deadline(wire::Time now) const;

    [[nodiscard]] UploadTable const& uploads() const { return uploads_.table(); }

  private:
    void on_gained(wire::ContentId const& content, std::uint32_t chunk) override;
    [[nodiscard]] Content content_of(wire::ContentId const& content) const;
    void on(wire::Sender const& sender, wire::Request const& request);
    void on(wire::Sender const& sender, wire::Have const& have);
    void on(wire::Sender const& sender, wire::Close const& close);
    void on(wire::Sender const& sender, Uploads::Heard const& heard);
    void on(wire::Sender const& sender, Uploads::Gone const& gone);
    [[nodiscard]] Content bundle_of(wire::Want const& want) const;
    void on_want(wire::Time now, wire::Sender const& sender, wire::Want const& want);
    void refuse(std::vector<Notice> notices);
    void offer_soon(wire::Time now);

    SwarmOffers offers_;
    Uploads uploads_;
    FindWhole find_whole_;
    PartialContents partials_;
    Actions actions_;
    wire::Time now_{};  ///< of the last event
    std::optional<wire::Time> offer_at_;
    std::optional<wire::Time> look_at_;  ///< at its transfers, while there are any
};

}  // namespace xfsbus::swarm
