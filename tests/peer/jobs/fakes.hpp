#pragma once

#include "fake_chunk_port.hpp"
#include "fake_peer.hpp"
#include "fake_server.hpp"
#include "fake_tracker.hpp"
#include "net/link.hpp"
#include "sample.hpp"
#include "virtual_time.hpp"

#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Stand-ins for all that a download asks of others. They answer in turns of their own, as the
/// real ones do.
namespace xfsbus::peer::jobs::test {

/// The way to a FakePeer, which sends what is wanted of it chunk by chunk.
class FakeLink final : public net::Link, public std::enable_shared_from_this<FakeLink> {
  public:
    FakeLink(VirtualTime& time, FakeChunkPort& chunks, FakePeer& peer)
        : time_(time), chunks_(chunks), peer_(peer) {}

    [[nodiscard]] wire::Endpoint const& endpoint() const override { return peer_.listens; }

    void probe(wire::Duration patience, OnVitals on_vitals) override {
        ++peer_.probes;
        if (!peer_.is_there) {
            return time_.post([on_vitals = std::move(on_vitals)] {
                on_vitals(Error{Errc::network, "nothing listens there"});
            });
        }
        time_.at(time_.now() + peer_.answers_after, [self = shared_from_this(), patience,
                                                     on_vitals = std::move(on_vitals)] {
            self->ask(wire::Ping{}, patience, [self, on_vitals](auto const& answer) {
                answer ? on_vitals(Vitals{self->peer_.load, 1.0}) : on_vitals(answer.error());
            });
        });
    }

    void ask(wire::Message const& question, wire::Duration patience, OnAnswer on_answer) override {
        bool const describe = std::holds_alternative<wire::GetManifests>(question);
        if (!peer_.is_up || (describe && !peer_.describes)) {
            time_.at(time_.now() + patience, [on_answer = std::move(on_answer)] {
                on_answer(Error{Errc::timeout, "nobody answers"});
            });
            return;
        }
        auto const* const ping = std::get_if<wire::Ping>(&question);
        bool const looks = ping != nullptr && !ping->contents.empty();
        auto then = [self = shared_from_this(), question, on_answer = std::move(on_answer)] {
            on_answer(self->answer(question));
        };
        looks&& peer_.tells_after > wire::Duration::zero()
            ? static_cast<void>(time_.at(time_.now() + peer_.tells_after, std::move(then)))
            : time_.post(std::move(then));
    }

    void want(wire::Want want, Heard const& heard) override {
        if (!want.bundle.empty()) {
            peer_.bundles.push_back(want.bundle);
        }
        if (peer_.refuses || (peer_.refuses_bundles && !want.bundle.empty())) {
            auto const code = peer_.refuses.value_or(wire::ErrorCode::not_found);
            return time_.post([heard, refused = wire::Refused{want.transfer, code, "no"}] {
                heard.on_refused(refused);
            });
        }
        std::ranges::copy(want.chunks, std::back_inserter(peer_.wanted));
        if (want.swarm && !transfers_.contains(want.transfer)) {
            wire::Have have;
            have.transfer = want.transfer;
            have.complete = true;
            time_.post([heard, have] { heard.on_have(have); });
        }
        if (!transfers_.contains(want.transfer)) {
            peer_.opened_with.push_back(want.chunks.size());
        }
        auto& transfer = transfers_[want.transfer];
        transfer.content = want.content;
        transfer.bundle = want.bundle;
        transfer.credit = want.credit;
        transfer.heard = heard;
        std::ranges::copy(want.chunks, std::back_inserter(transfer.chunks));
        send_soon(want.transfer);
    }

    void tell(wire::Have /*have*/) override {}

    void close(wire::TransferId const& transfer, bool /*corrupt*/, bool /*tell*/) override {
        transfers_.erase(transfer);
    }

  private:
    struct Transfer {
        wire::ContentId content;
        std::vector<wire::ContentId> bundle;
        std::uint64_t credit = 0;
        std::uint64_t sent = 0;
        std::deque<std::uint32_t> chunks;
        Heard heard;
        bool busy = false;
    };

    [[nodiscard]] wire::Message answer(wire::Ping const& ping) {
        wire::Pong pong{0, peer_.id, {}};
        for (auto const& content : ping.contents) {
            if (pong.have.size() < peer_.tells_of_most) {
                pong.have.push_back(peer_.contents.contains(content) ? wire::complete_ppm : 0);
            }
        }
        if (!ping.contents.empty()) {
            peer_.looked_for.push_back(ping.contents.size());
        }
        return pong;
    }

    [[nodiscard]] Result<wire::Message> answer(wire::Message const& question) {
        auto const* const ping = std::get_if<wire::Ping>(&question);
        bool const vitals = ping != nullptr && ping->contents.empty();
        if (peer_.fails_with && !vitals) {
            return Error{*peer_.fails_with, "it cannot"};
        }
        if (peer_.is_confused && !vitals) {
            return wire::Message(wire::Left{});
        }
        return ping != nullptr ? answer(*ping) : answer_to_others(question);
    }

    [[nodiscard]] wire::Message answer_to_others(wire::Message const& question) {
        if (auto const* const push = std::get_if<wire::Push>(&question)) {
            peer_.pushes.push_back(*push);
            return peer_.pushed;
        }
        ++peer_.manifests_asked;
        wire::Manifests manifests;
        for (auto const& content : std::get<wire::GetManifests>(question).contents) {
            auto& part = manifests.parts.emplace_back(wire::ManifestPart{content});
            if (auto const found = peer_.contents.find(content); found != peer_.contents.end()) {
                part.bytes = wire::encode_manifest(*found->second.manifest);
                part.total = part.bytes.size();
                part.file = peer_.attributes;
            }
        }
        return manifests;
    }

    void send_soon(wire::TransferId const& id) {
        auto& transfer = transfers_.at(id);
        if (transfer.busy || transfer.chunks.empty()) {
            return;
        }
        transfer.busy = true;
        time_.at(time_.now() + peer_.time_of_a_chunk, [weak = weak_from_this(), id] {
            auto const self = weak.lock();
            if (self && self->transfers_.contains(id)) {
                self->transfers_.at(id).busy = false;
                self->send_next(id);
            }
        });
    }

    /// nullopt: the peer does not have it.
    [[nodiscard]] std::optional<std::string> bytes_of(wire::ContentId const& content,
                                                      std::uint32_t chunk) const {
        auto const found = peer_.contents.find(content);
        if (found == peer_.contents.end()) {
            return std::nullopt;
        }
        auto const bytes = found->second.chunk(chunk);
        std::string text(reinterpret_cast<char const*>(bytes.data()), bytes.size());
        text[0] = static_cast<char>(text[0] ^ (peer_.damaged_chunks.contains(chunk) ? 1 : 0));
        return text;
    }

    [[nodiscard]] std::optional<std::string> bytes_of(
        std::vector<wire::ContentId> const& bundle) const {
        std::string all;
        for (auto const& content : bundle) {
            auto text = bytes_of(content, 0);
            if (!text) {
                return std::nullopt;
            }
            text->front() = static_cast<char>(text->front() ^
                                              (peer_.damaged_in_bundles.contains(content) ? 1 : 0));
            all += *text;
        }
        return all;
    }

    void send_next(wire::TransferId const& id) {
        auto& transfer = transfers_.at(id);
        if (!peer_.is_up) {
            return;
        }
        auto const chunk = transfer.chunks.front();
        auto text =
            transfer.bundle.empty() ? bytes_of(transfer.content, chunk) : bytes_of(transfer.bundle);
        if (!text) {
            auto const heard = transfer.heard;
            transfers_.erase(id);
            return heard.on_refused({id, wire::ErrorCode::gone, "the file has changed"});
        }
        if (transfer.sent + text->size() > transfer.credit) {
            return;  // the next Want has more of it
        }
        transfer.chunks.pop_front();
        transfer.sent += text->size();
        ++peer_.chunks_sent;
        auto const offset =
            std::uint64_t{chunk} * xfsbus::test::chunk_bytes + (peer_.misplaces_chunks ? 1 : 0);
        auto const self = shared_from_this();  // what the sink does may be to let go of this
        chunks_.deliver({id, chunk, offset}, std::move(*text));
        if (transfers_.contains(id)) {
            send_soon(id);
        }
    }

    VirtualTime& time_;
    FakeChunkPort& chunks_;
    FakePeer& peer_;
    std::map<wire::TransferId, Transfer> transfers_;
};

class FakeLinks final : public net::Links {
  public:
    FakeLinks(VirtualTime& time, FakeChunkPort& chunks, std::deque<FakePeer>& peers)
        : time_(time), chunks_(chunks), peers_(peers) {}

    Result<std::shared_ptr<net::Link>> to(wire::Endpoint const& endpoint) override {
        ++asked_for;
        auto& known = links_[endpoint];
        if (auto link = known.lock()) {
            return std::shared_ptr<net::Link>(std::move(link));
        }
        auto const peer = std::ranges::find(peers_, endpoint, &FakePeer::listens);
        if (peer == peers_.end()) {
            return Error{Errc::network, "there is no such peer"};
        }
        auto const link = std::make_shared<FakeLink>(time_, chunks_, *peer);
        known = link;
        return std::shared_ptr<net::Link>(link);
    }

    /// Connections that somebody holds.
    [[nodiscard]] std::size_t open() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            links_, [](auto const& entry) { return !entry.second.expired(); }));
    }

    [[nodiscard]] bool room_for(wire::Endpoint const& /*endpoint*/) override { return has_room; }

    [[nodiscard]] std::size_t share_of_a_job() const override { return share; }

    bool has_room = true;
    std::size_t share = 64;
    std::size_t asked_for = 0;  ///< so often a link was

  private:
    VirtualTime& time_;
    FakeChunkPort& chunks_;
    std::deque<FakePeer>& peers_;
    std::map<wire::Endpoint, std::weak_ptr<FakeLink>> links_;
};

}  // namespace xfsbus::peer::jobs::test
