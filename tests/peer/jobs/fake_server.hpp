#pragma once

#include "serving/partial_server.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace xfsbus::peer::jobs::test {

/// Keeps what was offered while it was fetched, and how that ended.
class FakeServer final : public serving::PartialServer {
  public:
    /// Of one offer.
    struct Record {
        std::string name;
        std::shared_ptr<swarm::ContentState> content;
        Read read;
        bool complete = false;
        bool withdrawn = false;
    };

    [[nodiscard]] wire::Endpoint const& endpoint() const override { return listens_; }

    bool offer(std::shared_ptr<swarm::ContentState> content, std::string const& name,
               Read read) override {
        if (open(content->id()) != nullptr) {
            return false;
        }
        records.push_back({name, std::move(content), std::move(read)});
        return true;
    }

    void completed(wire::ContentId const& content, swarm::IndexedFile const& /*file*/) override {
        open(content)->complete = true;
    }

    void withdraw(wire::ContentId const& content) override { open(content)->withdrawn = true; }

    std::deque<Record> records;

  private:
    /// What is offered of it now.
    Record* open(wire::ContentId const& content) {
        auto const found = std::ranges::find_if(records, [&](Record const& record) {
            return record.content->id() == content && !record.complete && !record.withdrawn;
        });
        return found == records.end() ? nullptr : &*found;
    }

    wire::Endpoint listens_{"10.0.0.1", 999};
};

}  // namespace xfsbus::peer::jobs::test
