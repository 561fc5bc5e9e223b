// Recorded by scripts/record-bootstrap-policy.ts. The format is read by policy-format.ts.
/** Roles inside kube-system and kube-public. */
export const namespacedRoles = `
role kube-public/system:controller:bootstrap-signer
  get list watch ; core ; configmaps
  update ; core ; configmaps ; cluster-info
  create patch update ; core events.k8s.io ; events
role kube-system/extension-apiserver-authentication-reader
  get list watch ; core ; configmaps ; extension-apiserver-authentication
role kube-system/system::leader-locking-kube-controller-manager
  create get list update watch ; coordination.k8s.io ; leases
  create get list update watch ; coordination.k8s.io ; leasecandidates
role kube-system/system::leader-locking-kube-scheduler
  create get list update watch ; coordination.k8s.io ; leases
  create get list update watch ; coordination.k8s.io ; leasecandidates
role kube-system/system:controller:bootstrap-signer
  get list watch ; core ; secrets
role kube-system/system:controller:cloud-provider
  create get list watch ; core ; configmaps
role kube-system/system:controller:token-cleaner
  delete get list watch ; core ; secrets
  create patch update ; core events.k8s.io ; events
`
