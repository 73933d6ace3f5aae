#include "jobs/served_offers.hpp"

#include "jobs/file_transfer.hpp"

#include <utility>

namespace xfsbus::peer::jobs {

class ServedOffers::Served final : public Offer {
  public:
    Served(ServedOffers& offers, swarm::ContentState const& content, std::string name)
        : offers_(offers),
          content_(content.id()),
          size_(content.layout().bytes),
          name_(std::move(name)) {}

    ~Served() override {
        if (!complete_) {
            server().withdraw(content_);
            offers_.owner_.on_partial_gone(name_);
        }
        offers_.transfers_.erase(content_);
    }

    Served(Served const&) = delete;
    Served& operator=(Served const&) = delete;

    [[nodiscard]] std::uint16_t port() const override { return server().endpoint().port; }

    void announce(std::uint32_t ppm, std::shared_ptr<std::string const> manifest) override {
        offers_.owner_.on_partial({name_, content_, size_, ppm, std::move(manifest)});
    }

    void complete(swarm::IndexedFile const& file) override {
        complete_ = true;
        server().completed(content_, file);
    }

  private:
    [[nodiscard]] serving::PartialServer& server() const { return *offers_.owner_.server; }

    ServedOffers& offers_;
    wire::ContentId content_;
    std::uint64_t size_;
    std::string name_;
    bool complete_ = false;
};

std::unique_ptr<Offer> ServedOffers::begin(FileTransfer& transfer,
                                           std::shared_ptr<swarm::ContentState> content,
                                           std::string const& name,
                                           std::shared_ptr<storage::PartReader const> reader) {
    auto read = [reader = std::move(reader)](auto buffer, auto offset) {
        return reader->read(buffer, offset) ? index::ReadOutcome::good
                                            : index::ReadOutcome::changed;
    };
    if (owner_.server == nullptr || !owner_.server->offer(content, name, std::move(read))) {
        return nullptr;
    }
    transfers_.emplace(content->id(), &transfer);
    return std::make_unique<Served>(*this, *content, name);
}

void ServedOffers::on_fellow(wire::ContentId const& content, wire::Endpoint const& endpoint) const {
    auto const found = transfers_.find(content);
    if (found == transfers_.end() || found->second->uses(endpoint)) {
        return;
    }
    if (auto link = owner_.links.to(endpoint)) {
        found->second->add_fellow(*link);
    }
}

}  // namespace xfsbus::peer::jobs
