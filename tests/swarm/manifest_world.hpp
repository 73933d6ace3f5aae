#pragma once

#include "catch.hpp"

#include <xfsbus/swarm/manifest_fetcher.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm::test {

using namespace std::chrono_literals;

/// A ManifestFetcher among sources that are honest, slow or lying, in simulated time.
class ManifestWorld {
  public:
    using Ask = ManifestFetcher::Ask;
    using Source = ManifestFetcher::Source;

    struct Reply {
        wire::Duration after = 10ms;
        Result<wire::Manifests> answer = wire::Manifests{};
    };

    using Behaviour = std::function<Reply(Ask const&)>;

    ManifestFetcher core;
    wire::Time now{1000s};
    wire::Duration check_takes{};

    std::map<wire::ContentId, std::string> truth;  ///< the right manifests
    std::map<Source, Behaviour> behaviour;

    // what came out
    std::map<wire::ContentId, wire::Time> had;
    std::map<wire::ContentId, Error> failed;
    std::vector<ManifestFetcher::Discredited> discredited;
    std::vector<Ask> asks;
    std::vector<wire::ContentId> searches;
    std::size_t held_most = 0;  ///< ever
    std::size_t open_most = 0;  ///< questions, ever
    std::function<void(wire::ContentId const&)> on_search;

    /// A file of this size, and its manifest.
    wire::ContentId file(std::uint64_t bytes) {
        wire::Manifest manifest;
        manifest.algorithm = "sha256";
        manifest.file_bytes = bytes;
        manifest.chunk_bytes = wire::chunk_size_for(bytes);
        manifest.digest_bytes = 32;
        manifest.digests.assign(std::size_t{manifest.layout().chunks} * 32, 'd');
        wire::ContentId content;
        auto const number = ++files_;
        content.bytes[0] = static_cast<std::uint8_t>(number >> 8U);
        content.bytes[1] = static_cast<std::uint8_t>(number);
        truth[content] = wire::encode_manifest(manifest);
        return content;
    }

    Source source(Behaviour does) {
        Source const at{"10.0." + std::to_string(behaviour.size() / 250) + "." +
                            std::to_string(behaviour.size() % 250 + 1),
                        7471};
        behaviour[at] = std::move(does);
        return at;
    }

    Source honest(wire::Duration after = 10ms) {
        return source([this, after](Ask const& ask) { return Reply{after, parts_of(ask)}; });
    }

    /// As a source of the protocol answers.
    [[nodiscard]] wire::Manifests parts_of(Ask const& ask) const {
        wire::Manifests reply;
        std::size_t bytes = 0;
        for (auto const& content : ask.contents) {
            auto const known = truth.find(content);
            if (known == truth.end()) {
                reply.parts.push_back({content, 0, 0, {}});
                continue;
            }
            auto const& all = known->second;
            auto const offset = std::min<std::uint64_t>(ask.offset, all.size());
            auto part = all.substr(offset, wire::limits::manifest_reply_bytes);
            bytes += part.size() + 96;
            if (!reply.parts.empty() && bytes > wire::limits::manifest_reply_bytes) {
                break;
            }
            reply.parts.push_back({content, all.size(), offset, std::move(part)});
        }
        return reply;
    }

    void want(wire::ContentId const& content, std::vector<Source> const& sources,
              std::uint64_t size_hint = 1000) {
        core.want({{content, size_hint, sources}});
        pump();
    }

    /// Until nothing happens any more, or so long.
    void run(wire::Duration most = 3600s) {
        auto const end = now + most;
        while (true) {
            auto next = core.next_deadline().value_or(wire::Time::max());
            if (!events_.empty()) {
                next = std::min(next, events_.begin()->first);
            }
            if (next > end || next == wire::Time::max()) {
                now = next > end && next != wire::Time::max() ? end : now;
                return;
            }
            now = std::max(now, next);
            if (!events_.empty() && events_.begin()->first <= now) {
                auto const event = std::move(events_.extract(events_.begin()).mapped());
                event();
            } else {
                core.on_tick(now);
            }
            pump();
        }
    }

    void pump() {
        auto actions = core.take_actions(now);
        held_most = std::max(held_most, core.held_bytes());
        for (auto const& have : actions.haves) {
            CHECK(wire::encode_manifest(*have.manifest) == truth.at(have.content));
            had.emplace(have.content, now);
        }
        for (auto const& each : actions.failures) {
            failed.emplace(each.content, each.error);
        }
        std::ranges::move(actions.discredited, std::back_inserter(discredited));
        for (auto const& check : actions.checks) {
            at(now + check_takes, [this, check] { core.on_checked(check, verdict(check)); });
        }
        for (auto& ask : actions.asks) {
            open_most = std::max(open_most, ++open_);
            asks.push_back(ask);
            answer(ask);
        }
        for (auto const& search : actions.searches) {
            searches.push_back(search.content);
            at(now + 5ms, [this, content = search.content] {
                if (on_search) {
                    on_search(content);
                }
                core.on_search_done(content);
            });
        }
    }

    void at(wire::Time when, std::function<void()> what) { events_.emplace(when, std::move(what)); }

  private:
    void answer(Ask const& ask) {
        auto reply = behaviour.at(ask.source)(ask);
        bool const silent = reply.after > ask.patience;
        at(now + std::min(reply.after, ask.patience), [this, source = ask.source, silent, reply] {
            --open_;
            if (silent) {
                core.on_failure(source,
                                {Errc::timeout, "no answer from peer " + source.to_string()});
            } else if (!reply.answer) {
                core.on_failure(source, reply.answer.error());
            } else {
                core.on_answer(now, source, wire::Manifests(*reply.answer));
            }
        });
    }

    [[nodiscard]] Result<std::shared_ptr<wire::Manifest const>> verdict(
        ManifestFetcher::Check const& check) const {
        auto manifest = wire::decode_manifest(*check.bytes);
        if (!manifest) {
            return manifest.error();
        }
        if (manifest->algorithm != "sha256") {
            return Error{Errc::plugin, "the file is hashed with '" + manifest->algorithm + "'"};
        }
        if (truth.at(check.content) != *check.bytes) {
            return Error{Errc::integrity, "a false manifest"};
        }
        return std::make_shared<wire::Manifest const>(std::move(*manifest));
    }

    std::multimap<wire::Time, std::function<void()>> events_;
    std::size_t files_ = 0;
    std::size_t open_ = 0;
};

}  // namespace xfsbus::swarm::test
