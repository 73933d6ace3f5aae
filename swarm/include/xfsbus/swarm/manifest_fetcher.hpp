#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// Decides which source is asked for which manifest, and which is the right one. A core: it is fed
/// events with the time, and leaves actions to be done.
///
/// Only the content id says which manifest is right. A source that sends another, or parts that
/// do not fit together, is discredited for this content, and others are asked. One that is slow is
/// not waited for: others are asked beside it, ever more of them, and the first right manifest
/// wins. Sizes that a tracker names are hints: they decide what is asked for together, and whom to
/// doubt, never what is right.
class ManifestFetcher {
  public:
    using Source = wire::Endpoint;

    /// Small files' manifests are asked for together.
    static constexpr std::size_t contents_per_question = 512;
    /// Sources asked for one content at a time, when those before were slow or lied.
    static constexpr std::size_t asked_at_once_most = 16;
    /// Sources of one content that are remembered.
    static constexpr std::size_t sources_most = 2 * wire::limits::found_sources;
    /// One question. A link with a latency table adds its delay.
    static constexpr wire::Duration answer_most = std::chrono::seconds(5);
    /// A manifest that is not here by then is asked of others, too.
    static constexpr wire::Duration hurry = std::chrono::seconds(1);
    /// A source has answer_most for a manifest, and as long as what it has sent takes at this rate.
    static constexpr std::uint64_t bytes_per_second_least = 512 * 1024;
    /// A source that has been asked for so long may go on, but others are asked in its place.
    static constexpr wire::Duration in_the_way_most = std::chrono::seconds(2);
    /// Of manifests that come in parts: what is here, also while they are checked. There is always
    /// room for the largest two.
    static constexpr std::size_t long_bytes_most = 2 * wire::limits::manifest_bytes;
    /// The same of all others, with the answers that may come.
    static constexpr std::size_t held_bytes_most = 64 * 1024 * 1024;
    /// Searches for more sources, in all.
    static constexpr std::size_t searches_most = 16;
    /// Sources whose reasons an error tells.
    static constexpr std::size_t reasons_most = 4;

    // ---- what the owner is asked to do ----

    /// Ask this source, and call on_answer or on_failure within `patience`.
    struct Ask {
        Source source;
        std::vector<wire::ContentId> contents{};
        std::uint64_t offset = 0;  ///< other than 0 only with a single content
        wire::Duration patience{};
    };

    /// Compare this with the content id, then call on_checked.
    struct Check {
        Source source;
        wire::ContentId content;
        std::shared_ptr<std::string const> bytes;
        bool in_parts = false;  ///< for on_checked
        wire::FileAttributes file{};
    };

    /// This is the manifest. Nothing is done for this content any more.
    struct Have {
        wire::ContentId content;
        std::shared_ptr<wire::Manifest const> manifest;
        wire::FileAttributes file;  ///< as the source of the manifest says
    };

    /// All sources have failed. Nothing is done for this content any more.
    struct Failed {
        wire::ContentId content;
        Error error;
    };

    /// This source lied about this content, and should not be used for it.
    struct Discredited {
        Source source;
        wire::ContentId content;
        std::string why;
    };

    /// All known sources have failed. Look for others, tell them by add_source, then call
    /// on_search_done.
    struct Search {
        wire::ContentId content;
    };

    struct Actions {
        std::vector<Ask> asks;
        std::vector<Check> checks;
        std::vector<Have> haves;
        std::vector<Failed> failures;
        std::vector<Discredited> discredited;
        std::vector<Search> searches;
    };

    // ---- events ----

    struct Want {
        wire::ContentId content;
        std::uint64_t size_hint = 0;  ///< of the content, as the tracker says
        std::vector<Source> sources;  ///< in the order in which they are to be asked
    };

    /// Neighbours that have the same sources are asked for together.
    void want(std::vector<Want> const& wants);
    /// Ignored if it is known, or the content is not wanted any more.
    void add_source(wire::ContentId const& content, Source const& source);
    void on_search_done(wire::ContentId const& content);
    void on_answer(wire::Time now, Source const& source, wire::Manifests&& answer);
    /// No answer, or a refusal; the message says whose.
    void on_failure(Source const& source, Error const& error);
    /// The manifest if it is the right one. Errc::integrity: it is not; anything else: nobody here
    /// can say.
    void on_checked(Check const& check,
                    Result<std::shared_ptr<wire::Manifest const>> const& checked);
    void on_tick(wire::Time now);

    // ---- answers ----

    /// What is to be done now. To be called after one event, or several.
    Actions take_actions(wire::Time now);

    /// When on_tick should be called, if nothing else happens.
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    /// Contents that are wanted and neither here nor failed.
    [[nodiscard]] std::size_t wanted() const { return wanted_.size(); }

    /// Bytes of manifests that are incomplete or being checked.
    [[nodiscard]] std::size_t held_bytes() const { return held_bytes_ + long_bytes_; }

  private:
    /// What became of asking one source for one content.
    struct Try {
        enum class State {
            untried,
            asked,
            lingering,  ///< the same, for long; others are asked in its place
            checking,
            failed
        };

        Source source;
        State state = State::untried;
        wire::Time since{};       ///< when the first part was asked for
        std::uint64_t total = 0;  ///< as the first part said; 0: there was none yet
        std::string bytes{};
        wire::FileAttributes file{};
        bool in_parts = false;  ///< its bytes are counted as those of a long one
        bool is_long = false;   ///< its source said that it does not fit an answer
        bool lied = false;
        std::optional<Error> error{};  ///< if failed

        [[nodiscard]] bool is_asked() const {
            return state == State::asked || state == State::lingering;
        }

        /// When the source is given up.
        [[nodiscard]] wire::Time deadline() const;
    };

    struct Wanted {
        std::uint64_t size_hint = 0;
        std::vector<Try> tries;
        std::size_t untried = 0;    ///< of these
        std::size_t under_way = 0;  ///< of these
        std::size_t lingering = 0;  ///< of those under way
        std::size_t at_once = 1;    ///< may be under way, and not lingering
        wire::Time hurry_at{};      ///< counts while any is under way
        bool alone = false;         ///< it will hardly fit an answer together with others
        bool searched = false;
        bool searching = false;

        [[nodiscard]] Try* find(Source const& source);
        void set(Try& attempt, Try::State state);
        void widen();
    };

    struct Known {
        std::vector<wire::ContentId> asked;  ///< by the open question
        bool doubtful = false;  ///< was slow or lied; until it delivers, others come first
    };

    /// A content and one of its tries, while both are there.
    struct Place {
        wire::ContentId content;
        Wanted& wanted;
        Try& attempt;
    };

    void add(Wanted& wanted, Source const& source);
    [[nodiscard]] std::optional<Place> find(wire::ContentId const& content, Source const& source);
    void ask_all(wire::Time now);
    [[nodiscard]] Try* next_try(Wanted& wanted);
    bool add_to_question(wire::Time now, Place const& place);
    void put(Ask question);
    [[nodiscard]] bool room() const;

    /// Whether another long one may be begun.
    [[nodiscard]] bool room_for_long() const { return long_bytes_ < long_bytes_most / 2; }

    void take_part(wire::Time now, Place const& place, wire::ManifestPart&& part);
    void take_bytes(wire::Time now, Place const& place, std::string&& bytes);
    void ask_rest(wire::Time now, Place const& place);
    void fail(Place const& place, Error error);
    void fail_and_widen(Place const& place, Error error);
    void discredit(Place const& place, std::string const& why);
    void put_off(Wanted& wanted, Try& attempt);
    enum class From { lingering, all };
    void make_room(std::size_t bytes, From from);
    void release(Try& attempt);
    void settle();
    [[nodiscard]] static Error error_of(Wanted const& wanted);
    void forget(wire::ContentId const& content);

    std::map<wire::ContentId, Wanted> wanted_;
    std::vector<wire::ContentId> order_;  ///< as they were wanted; holds some that are over
    std::map<Source, Known> known_;
    std::map<Source, Ask> questions_;  ///< being put together
    std::size_t questions_open_ = 0;
    std::size_t held_bytes_ = 0;
    std::size_t long_bytes_ = 0;  ///< of those that come in parts
    std::size_t searches_ = 0;
    Actions actions_;
};

}  // namespace xfsbus::swarm
