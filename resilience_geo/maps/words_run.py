"""Words of the tables of a run over many villages."""

from __future__ import annotations

INDONESIAN: dict[str, str] = {
    "run_title": "Rencana Evakuasi {hazard}: {count} desa/kelurahan",
    "run_failed": "PERHATIAN: {failed} dari {count} desa/kelurahan belum ada rencananya: "
    "keadaannya tidak diketahui, bukan aman. Lihat baris paling bawah dan gagal.csv.",
    "run_nothing": "Belum ada satu pun desa/kelurahan yang punya rencana.",
    "run_seats_run": "Daya tampung tempat evakuasi dibagi untuk semua desa bersama-sama: satu "
    "tempat untuk satu orang, tidak terhitung dua kali.",
    "run_seats_chosen": "PERHATIAN: hanya desa yang dipilih yang dihitung. Warga desa lain mungkin "
    "perlu tempat yang sama, jadi yang mendapat tempat bisa lebih sedikit.",
    "run_seats_village": "PERHATIAN: tiap desa dihitung sendiri, seakan-akan semua tempat evakuasi "
    "kosong. Tempat yang sama dapat terhitung untuk beberapa desa, jadi warga yang datang bisa "
    "melebihi daya tampung.",
    "run_rank": "Urutan",
    "run_map": "Peta",
    "run_open_map": "Buka peta",
    "run_status": "Rencana",
    "run_planned": "ada",
    "run_not_planned": "BELUM ADA",
    "run_reason": "Keterangan",
    "run_no_reason": "sebabnya tidak tercatat",
    "run_more_villages": "... dan {count} desa/kelurahan lain; semuanya ada di kabupaten.xlsx",
    "run_outside": "seluruhnya di luar data penduduk: tidak diketahui siapa yang tinggal di sana",
    "run_worker_died": "proses yang mengerjakannya mati setiap kali dicoba; mungkin kehabisan "
    "memori",
    "run_sum": "Jumlah {count} desa yang ada rencananya",
    "run_over_capacity": "Melebihi daya tampung",
    "run_rank_note": "dari desa dengan warga belum terlayani terbanyak",
    "run_sheet_is_full": "Lembar ini penuh: {count} baris lagi ada di kabupaten.gpkg.",
    "run_count": "Desa/kelurahan",
    "run_count_value": "{planned} ada rencananya, {failed} belum",
    "run_seats": "Pembagian daya tampung",
    "qgis_run_people": "{low}-{high} jiwa belum terlayani",
    "qgis_run_people_over": "lebih dari {low} jiwa belum terlayani",
    "qgis_run_all_served": "Semua yang mengungsi mendapat tempat",
    "qgis_run_nobody": "Tidak ada yang perlu mengungsi menurut data bahaya",
    "qgis_run_unknown": "Bahaya tidak diketahui di sebagian desa: belum tentu aman",
    "qgis_run_not_planned": "Belum ada rencana: keadaannya tidak diketahui",
}

ENGLISH: dict[str, str] = {
    "run_title": "{hazard} Evacuation Plan: {count} villages",
    "run_failed": "NOTE: {failed} of {count} villages have no plan yet: how things are there is "
    "unknown, not safe. See the last rows and gagal.csv.",
    "run_nothing": "Not one village has a plan yet.",
    "run_seats_run": "Places at shelters are shared by all villages together: each place is for "
    "one person only.",
    "run_seats_chosen": "NOTE: only the chosen villages are reckoned with. People of other "
    "villages may need the same places, so fewer may find one.",
    "run_seats_village": "NOTE: each village is reckoned alone, as if all shelters were empty. "
    "The same place may count for several villages, so more people may come than a shelter holds.",
    "run_rank": "Rank",
    "run_map": "Map",
    "run_open_map": "Open map",
    "run_status": "Plan",
    "run_planned": "made",
    "run_not_planned": "NOT MADE",
    "run_reason": "Remark",
    "run_no_reason": "no reason was recorded",
    "run_more_villages": "... and {count} more villages; all of them are in kabupaten.xlsx",
    "run_outside": "wholly outside the population layer: who lives there is not known",
    "run_worker_died": "the process that worked on it died each time it was tried; it may have run "
    "out of memory",
    "run_sum": "Sum of {count} villages with a plan",
    "run_over_capacity": "Over capacity",
    "run_rank_note": "the village with most people without a place comes first",
    "run_sheet_is_full": "This sheet is full: {count} more rows are in kabupaten.gpkg.",
    "run_count": "Villages",
    "run_count_value": "{planned} with a plan, {failed} without",
    "run_seats": "Sharing of places",
    "qgis_run_people": "{low}-{high} people without a place",
    "qgis_run_people_over": "more than {low} people without a place",
    "qgis_run_all_served": "All evacuees get a place",
    "qgis_run_nobody": "Nobody needs to evacuate according to the hazard data",
    "qgis_run_unknown": "Hazard unknown in part of the village: it may not be safe",
    "qgis_run_not_planned": "No plan yet: how things are is unknown",
}
