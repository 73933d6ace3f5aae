#pragma once

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/wire/ids.hpp>

#include <map>
#include <memory>

namespace xfsbus::swarm {

/// The contents of which a part is here, and whoever follows how they grow. One thread.
class PartialContents {
  public:
    explicit PartialContents(ContentState::Follower& follower) : follower_(follower) {}

    /// False: another download of the same content is here.
    bool add(std::shared_ptr<ContentState> content) {
        auto const [entry, is_new] = all_.try_emplace(content->id(), content);
        if (is_new) {
            content->set_follower(&follower_);
        }
        return is_new;
    }

    /// It is whole, or given up. False: it was not here.
    bool remove(wire::ContentId const& content) {
        auto const found = all_.extract(content);
        if (found) {
            found.mapped()->set_follower(nullptr);
        }
        return static_cast<bool>(found);
    }

    /// Null: it is not here.
    [[nodiscard]] std::shared_ptr<ContentState const> find(wire::ContentId const& content) const {
        auto const found = all_.find(content);
        return found == all_.end() ? nullptr : found->second;
    }

  private:
    ContentState::Follower& follower_;
    std::map<wire::ContentId, std::shared_ptr<ContentState>> all_;
};

}  // namespace xfsbus::swarm
