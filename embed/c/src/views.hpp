#pragma once

// How each answer of a peer looks to C. A view belongs to the arena that it was made in.
#include "arena.hpp"

#include <xfsbus/peer/download.hpp>
#include <xfsbus/peer/events.hpp>
#include <xfsbus/peer/policy.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/wire/counters.hpp>
#include <xfsbus/xfsbus.h>

#include <memory>
#include <vector>

namespace xfsbus::c {

xfsbus_found view(Arena& arena, peer::FoundSource const& source);
xfsbus_found_list view(Arena& arena, std::vector<peer::FoundSource> const& sources);

xfsbus_policy_used view(Arena& arena, peer::PolicyUsed const& policy);
xfsbus_policy_info view(Arena& arena, peer::PolicyInfo const& policy);

xfsbus_source_use view(Arena& arena, peer::SourceStatus const& source);
xfsbus_file view(Arena& arena, peer::DownloadedFile const& file);
xfsbus_report view(Arena& arena, peer::DownloadReport const& report);
xfsbus_range view(Arena& arena, peer::ByteRange const& range);
xfsbus_file_progress view(Arena& arena, peer::FileProgress const& file);
xfsbus_progress view(Arena& arena, peer::DownloadProgress const& progress);

xfsbus_push_target view(Arena& arena, peer::PushTarget const& target);
xfsbus_pushed_file view(Arena& arena, peer::PushReport const& file);
xfsbus_pushed view(Arena& arena, peer::PushResult const& pushed);
xfsbus_push_progress view(Arena& arena, peer::PushProgress const& progress);

xfsbus_published view(Arena& arena, peer::Published const& published);
xfsbus_summary view(Arena& arena, peer::UpdateSummary const& summary);
xfsbus_known_peer view(Arena& arena, peer::KnownPeer const& known);
xfsbus_peer_list view(Arena& arena, std::vector<peer::KnownPeer> const& peers);
xfsbus_shared_file view(Arena& arena, peer::SharedFileInfo const& file);
xfsbus_file_list view(Arena& arena, std::vector<peer::SharedFileInfo> const& files);
xfsbus_listed_file view(Arena& arena, peer::ListedFile const& file);
xfsbus_listing view(Arena& arena, std::vector<peer::ListedFile> const& files);
xfsbus_counter view(Arena& arena, CounterValue const& counter);
xfsbus_download_status view(Arena& arena, peer::DownloadStatus const& download);
xfsbus_upload_status view(Arena& arena, peer::UploadStatus const& upload);
xfsbus_status view(Arena& arena, peer::PeerStatus const& status);

xfsbus_event view(Arena& arena, peer::Event const& event);

/// A view with what it points to, which free_answer() frees.
template <typename View>
struct Answer final : View {
    Arena arena;
};

template <typename View, typename From>
View const* new_answer(From const& from) {
    auto made = std::make_unique<Answer<View>>();
    static_cast<View&>(*made) = view(made->arena, from);
    return made.release();
}

template <typename View>
void free_answer(View const* answer) noexcept {
    delete static_cast<Answer<View> const*>(answer);
}

}  // namespace xfsbus::c
