/** The etcd that this store is measured against: what `Status` and `/version` say. */
export const serverVersion = '3.6.8'
export const clusterVersion = '3.6.0'
export const storageVersion = '3.6.0'
