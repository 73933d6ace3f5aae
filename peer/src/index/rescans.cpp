#include "index/rescans.hpp"

#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <array>

#include <sys/vfs.h>

namespace xfsbus::peer::index {
namespace {

using namespace std::chrono_literals;

constexpr auto deaf_interval = 30s;
constexpr auto usual_interval = 10min;
constexpr int rest_share = 10;

/// Of linux/magic.h, and of file systems that are not part of the kernel. Those of clusters count,
/// too: other machines write to them.
constexpr std::array<std::uint32_t, 21> remote_types = {
    0x00006969,  // nfs
    0x0000517B,  // smb
    0xFF534D42,  // cifs
    0xFE534D42,  // smb2
    0x01021997,  // 9p
    0x65735546,  // fuse
    0x00C36400,  // ceph
    0x5346414F,  // afs
    0x6B414653,  // afs, the kernel's
    0x73757245,  // coda
    0x0000564C,  // ncp
    0x01161970,  // gfs2
    0x7461636F,  // ocfs2
    0x0BD00BD0,  // lustre
    0x47504653,  // gpfs
    0xAAD7AAEA,  // panfs
    0x20030528,  // orangefs
    0x19830326,  // beegfs
    0xBACBACBC,  // vmhgfs
    0x786F4256,  // vboxsf
    0x013111A8,  // ibrix
};

}  // namespace

std::optional<std::chrono::milliseconds> rescan_after(RescanReasons const& reasons) {
    if (reasons.wanted) {
        return *reasons.wanted > 0ms ? reasons.wanted : std::nullopt;
    }
    if (!reasons.watched) {
        return std::nullopt;
    }
    std::chrono::milliseconds const usual = reasons.hears_all ? usual_interval : deaf_interval;
    return std::max(usual, rest_share * reasons.walk_time);
}

bool is_remote_type(std::uint32_t type) {
    return std::ranges::find(remote_types, type) != remote_types.end();
}

bool is_remote(int fd) {
    struct statfs status {};

    return files::fstatfs(fd, &status) == 0 &&
           is_remote_type(static_cast<std::uint32_t>(status.f_type));
}

}  // namespace xfsbus::peer::index
